package io.ashlar.node.frontend.fuse.holder;

import io.ashlar.model.VolumeId;
import java.io.IOException;
import java.util.List;

/**
 * Keeps descriptors beyond the life of this process. All methods may wait for the keeper, a few
 * seconds at most, and throw if it does not answer.
 */
public interface DescriptorKeeper {
  /** A device: a volume of one attachment. */
  record HeldKey(VolumeId volume, long generation) {}

  /** What is kept of a device besides its descriptors. */
  record Held(HeldKey key, byte[] metadata) {}

  /** Has copies kept; the caller's descriptors stay open. Replaces what was kept for the key. */
  void hold(Held held, List<Integer> descriptors) throws IOException;

  List<Held> list() throws IOException;

  /** Gives copies of the descriptors, in the order of {@link #hold}; the caller closes them. */
  List<Integer> take(HeldKey key) throws IOException;

  /** Closes what is kept; nothing kept is success. */
  void drop(HeldKey key) throws IOException;
}
