package io.ashlar.controller.csi;

import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Until when a handler waits: a little less than its caller does, so that the caller still gets a
 * text. The work does not end with the wait.
 */
final class CallDeadline {
  private static final Duration MARGIN = Duration.ofMillis(200);

  private final long endNanos;

  private CallDeadline(long endNanos) {
    this.endNanos = endNanos;
  }

  /** Of the call on this thread, at most {@code longest} from now. */
  static CallDeadline ofCall(Duration longest) {
    long waitNanos = longest.toNanos();
    Deadline deadline = Context.current().getDeadline();
    if (deadline != null) {
      long callNanos = deadline.timeRemaining(TimeUnit.NANOSECONDS) - MARGIN.toNanos();
      waitNanos = Math.min(waitNanos, callNanos);
    }
    return new CallDeadline(System.nanoTime() + waitNanos);
  }

  long leftNanos() {
    return endNanos - System.nanoTime();
  }

  boolean isOver() {
    return leftNanos() <= 0;
  }
}
