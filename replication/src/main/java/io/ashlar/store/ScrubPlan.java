package io.ashlar.store;

import static io.ashlar.model.Invariants.require;

import java.time.Duration;

/**
 * How fast a disk is read through for damage.
 *
 * @param roundNanos in which all of it should have been looked at; 0: it is not done at all
 * @param bytesPerSecondMax never faster than this, even if a round takes longer then
 */
public record ScrubPlan(long roundNanos, long bytesPerSecondMax) {
  /** Every two weeks, and not more than a small part of what a slow disk can do. */
  public static final ScrubPlan DEFAULT = new ScrubPlan(Duration.ofDays(14).toNanos(), 32L << 20);

  public static final ScrubPlan NEVER = new ScrubPlan(0, 1);

  public ScrubPlan {
    require(
        roundNanos >= 0 && bytesPerSecondMax > 0,
        "a scrub round of %s ns at %s bytes/s",
        roundNanos,
        bytesPerSecondMax);
  }

  boolean never() {
    return roundNanos == 0;
  }

  /** How long to wait after so many bytes of a disk of this size. */
  long pauseNanos(long bytes, long diskBytes) {
    double share = (double) bytes / diskBytes;
    double atMostSpeed = (double) bytes / bytesPerSecondMax * Duration.ofSeconds(1).toNanos();
    return (long) Math.max(share * roundNanos, atMostSpeed);
  }
}
