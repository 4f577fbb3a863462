package io.ashlar.net;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * A log for lines that strangers can provoke: some at once, then a few a second; what is left out
 * is counted and told with the next line. Thread-safe.
 */
public final class RareLog {
  private static final double AT_ONCE = 20;
  private static final double EACH_SECOND = 2;

  private final Logger log;
  private double permits = AT_ONCE;
  private long lastNanos = System.nanoTime();
  private long leftOut;

  public RareLog(Logger log) {
    this.log = log;
  }

  /** Logs at level warn, unless there was too much of it. */
  public void warn(String format, Object... arguments) {
    long left = take();
    if (left > 0) {
      log.warn("event=lines_left_out count={}", left);
    }
    if (left >= 0) {
      log.warn(format, arguments);
    }
  }

  /** How many were left out since the last one, or -1 if this one is to be left out too. */
  private synchronized long take() {
    long now = System.nanoTime();
    double seconds = (now - lastNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    lastNanos = now;
    permits = Math.min(AT_ONCE, permits + seconds * EACH_SECOND);
    if (permits < 1) {
      leftOut++;
      return -1;
    }
    permits--;
    long left = leftOut;
    leftOut = 0;
    return left;
  }
}
