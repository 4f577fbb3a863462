package io.ashlar.guard;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * A log for lines that strangers can provoke. Every kind of line has a rate of its own, so that a
 * flood of one kind does not crowd out another: of each kind some lines are logged at once, then
 * one in each period. What is left out is counted, and the next line of its kind tells the count.
 * Thread-safe.
 */
public final class RareLog {
  /** So many kinds have a rate of their own; those that come later share one. */
  static final int KINDS_MAX = 32;

  static final int AT_ONCE = 5;
  static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final String ALL_OTHERS = "all others";

  /** What one kind may still log, and what it has left out. */
  private static final class Bucket {
    private int permits = AT_ONCE;
    private long refilledAt;
    private long leftOut;

    Bucket(long now) {
      refilledAt = now;
    }

    /** How many were left out since the last one, or -1 if this one is to be left out too. */
    long take(long now) {
      long periods = (now - refilledAt) / PERIOD_NANOS;
      permits = (int) Math.min(AT_ONCE, permits + periods);
      refilledAt += periods * PERIOD_NANOS;
      if (permits == 0) {
        leftOut++;
        return -1;
      }
      permits--;
      long left = leftOut;
      leftOut = 0;
      return left;
    }
  }

  private final Logger log;
  private final LongSupplier nanoTime;
  private final Map<String, Bucket> buckets = new HashMap<>();

  public RareLog(Logger log) {
    this(log, System::nanoTime);
  }

  RareLog(Logger log, LongSupplier nanoTime) {
    this.log = log;
    this.nanoTime = nanoTime;
  }

  /**
   * Logs at level warn, unless there was too much of this kind.
   *
   * @param kind one of a few constants; never what the stranger has sent, or it could make itself
   *     kinds until all the others share one rate
   */
  public void warn(String kind, String format, Object... arguments) {
    long left = take(kind);
    if (left == 0) {
      log.warn(format, arguments);
    } else if (left > 0) {
      log.warn(format + " left_out=" + left, arguments);
    }
  }

  private synchronized long take(String kind) {
    long now = nanoTime.getAsLong();
    String known = buckets.size() < KINDS_MAX || buckets.containsKey(kind) ? kind : ALL_OTHERS;
    return buckets.computeIfAbsent(known, ignored -> new Bucket(now)).take(now);
  }
}
