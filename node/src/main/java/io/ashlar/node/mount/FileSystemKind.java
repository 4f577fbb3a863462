package io.ashlar.node.mount;

import java.util.List;
import java.util.Optional;

/** The file systems that we make. */
public enum FileSystemKind {
  /** Below 8 MiB there would be no room for a journal. */
  EXT4("ext4", 16L << 20),
  /** Newer mkfs.xfs refuses less. */
  XFS("xfs", 300L << 20);

  public static final FileSystemKind DEFAULT = EXT4;

  private final String type;
  private final long minimumBytes;

  FileSystemKind(String type, long minimumBytes) {
    this.type = type;
    this.minimumBytes = minimumBytes;
  }

  /** As mount(8) and blkid(8) call it. */
  public String type() {
    return type;
  }

  public long minimumBytes() {
    return minimumBytes;
  }

  /** The kind of this name; the default for an empty one. */
  public static Optional<FileSystemKind> named(String type) {
    if (type.isEmpty()) {
      return Optional.of(DEFAULT);
    }
    return List.of(values()).stream().filter(kind -> kind.type.equals(type)).findFirst();
  }

  /**
   * For a fresh thin volume, which reads as zeros: nothing is discarded, and ext4 needs not write
   * its inode tables at once.
   */
  List<String> makeCommand(String device) {
    return switch (this) {
      case EXT4 ->
          List.of(
              "mkfs.ext4",
              "-F",
              "-q",
              "-m0",
              "-E",
              "nodiscard,lazy_itable_init=1,lazy_journal_init=1",
              device);
      case XFS -> List.of("mkfs.xfs", "-f", "-q", "-K", device);
    };
  }
}
