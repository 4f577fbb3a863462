package io.ashlar.node.csi;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.csi.v1.VolumeCapability.AccessMode;
import io.ashlar.node.mount.FileSystemKind;
import java.util.ArrayList;
import java.util.List;

/**
 * A capability in our words.
 *
 * @param kind without meaning for block
 * @param readOnlyDevice the volume was published read-only: nobody can write to its device
 */
record VolumeUse(
    boolean block,
    FileSystemKind kind,
    List<String> flags,
    AccessMode.Mode mode,
    boolean readOnlyDevice) {
  VolumeUse {
    flags = List.copyOf(flags);
  }

  VolumeUse of(VolumeView view) {
    return new VolumeUse(block, kind, flags, mode, view.getReadOnly());
  }

  boolean readerOnly() {
    return readOnlyDevice
        || mode == AccessMode.Mode.SINGLE_NODE_READER_ONLY
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
    // A journal cannot be replayed on a device that nobody can write to.
    if (readOnlyDevice) {
      options.add(kind == FileSystemKind.XFS ? "norecovery" : "noload");
    }
    if (kind == FileSystemKind.XFS && !options.contains("nouuid")) {
      options.add("nouuid");
    }
    return options;
  }
}
