package io.ashlar.node.pool;

/** An order about disks that cannot be followed: what failed, why, and what to do. */
public final class DiskRefusal extends Exception {
  private static final long serialVersionUID = 1;

  /** Why. */
  public enum Kind {
    /** What is asked for makes no sense, whatever the state. */
    INVALID,
    UNKNOWN_DISK,
    /** Not now, or not with this disk. */
    WRONG_STATE,
    /** Something else is being done. */
    IN_PROGRESS,
    /** The disk itself fails. */
    DISK
  }

  private final Kind kind;

  DiskRefusal(Kind kind, String format, Object... arguments) {
    super(format.formatted(arguments));
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
