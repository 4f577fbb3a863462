package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice;
import java.util.List;
import java.util.Optional;

/** What an NBD server offers. Loop thread only. */
public interface Exports {
  /** Names to list, in the order in which they are shown. */
  List<String> names();

  /** The export of this name, looked up anew for every connection. */
  Optional<Export> open(String name);

  /**
   * @param readOnly writes are refused with EPERM before they reach the device
   */
  record Export(BlockDevice device, boolean readOnly) {}
}
