package io.ashlar.model;

import static io.ashlar.model.Invariants.require;

/**
 * How many in-sync copies a volume needs so that writes go on. {@code tolerance} is used by {@link
 * Kind#TOLERATE} only: writes go on while at least that many copies plus one are in sync.
 */
public record FailureMode(Kind kind, int tolerance) {
  /** The user's words for it. */
  public enum Kind {
    SOFT,
    HARD,
    ALWAYSON,
    TOLERATE
  }

  public static final FailureMode SOFT = new FailureMode(Kind.SOFT, 0);
  public static final FailureMode HARD = new FailureMode(Kind.HARD, 0);
  public static final FailureMode ALWAYSON = new FailureMode(Kind.ALWAYSON, 0);

  public FailureMode {
    require(tolerance >= 0 && tolerance <= 5, "failure mode %s is not within 0 to 5", tolerance);
  }

  /**
   * In-sync copies below which writes wait, for a volume with this many replicas besides the first.
   */
  public int copiesToWrite(int replicas) {
    return switch (kind) {
      case SOFT -> Math.max(1, replicas);
      case HARD -> replicas + 1;
      case ALWAYSON -> 1;
      case TOLERATE -> tolerance + 1;
    };
  }

  /** The label's value: {@code soft}, {@code hard}, {@code alwayson} or a number. */
  public String text() {
    return kind == Kind.TOLERATE
        ? Integer.toString(tolerance)
        : kind.name().toLowerCase(java.util.Locale.ROOT);
  }
}
