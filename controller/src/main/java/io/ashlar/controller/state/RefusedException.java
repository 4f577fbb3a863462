package io.ashlar.controller.state;

/**
 * An expected refusal on its way to the caller of the controller: what failed, why, what to do,
 * with the ids. The kinds are ours; only the status mapper knows how each is said in gRPC.
 */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why something was refused. */
  public enum Kind {
    /** The request is wrong and will stay wrong. */
    INVALID,
    NOT_FOUND,
    /** Exists already, with other properties. */
    CONFLICT,
    /** A size that is not possible. */
    SIZE,
    /** Legal, but not in this state. */
    WRONG_STATE,
    /** Too few nodes, too little space, too many attachments. */
    EXHAUSTED,
    /** Goes on, or has to be repeated. */
    IN_PROGRESS,
    /** A page token that is none of ours. */
    BAD_TOKEN,
    /** Something needed does not answer now. */
    UNREACHABLE,
    /** Whoever asks may not. */
    FORBIDDEN
  }

  private final transient Kind kind;

  public RefusedException(Kind kind, String format, Object... arguments) {
    super(format.formatted(arguments));
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
