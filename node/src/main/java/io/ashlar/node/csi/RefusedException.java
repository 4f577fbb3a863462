package io.ashlar.node.csi;

/** The node says no to a call: what failed, why, and what to do, for the caller to read. */
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Why; {@link StatusMapper} knows the code of each. */
  enum Kind {
    INVALID,
    NOT_FOUND,
    /** Done already in another way. */
    CONFLICT,
    WRONG_STATE,
    SIZE,
    IN_PROGRESS,
    UNREACHABLE
  }

  private final Kind kind;

  RefusedException(Kind kind, String format, Object... arguments) {
    super(format.formatted(arguments));
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
