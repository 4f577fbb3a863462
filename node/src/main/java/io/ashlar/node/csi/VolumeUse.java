package io.ashlar.node.csi;

import io.ashlar.csi.v1.VolumeCapability.AccessMode;
import io.ashlar.node.mount.FileSystemKind;
import java.util.ArrayList;
import java.util.List;

/**
 * A capability in our words.
 *
 * @param kind without meaning for block
 */
record VolumeUse(boolean block, FileSystemKind kind, List<String> flags, AccessMode.Mode mode) {
  VolumeUse {
    flags = List.copyOf(flags);
  }

  boolean readerOnly() {
    return mode == AccessMode.Mode.SINGLE_NODE_READER_ONLY
        || mode == AccessMode.Mode.MULTI_NODE_READER_ONLY
        || flags.contains("ro");
  }

  /** Only one target may have it, said strictly; plain SINGLE_NODE_WRITER is used for several. */
  boolean singleTarget() {
    return mode == AccessMode.Mode.SINGLE_NODE_SINGLE_WRITER;
  }

  /** For mount(8): the access mode decides over flags that contradict it. */
  List<String> mountOptions() {
    List<String> options = new ArrayList<>(flags);
    if (readerOnly()) {
      options.removeIf(option -> option.equals("rw") || option.equals("ro"));
      options.add("ro");
    }
    if (kind == FileSystemKind.XFS && !options.contains("nouuid")) {
      options.add("nouuid");
    }
    return options;
  }
}
