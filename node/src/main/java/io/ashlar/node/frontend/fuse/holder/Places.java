package io.ashlar.node.frontend.fuse.holder;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The holder's bounded number of connections, each of which costs a thread. Idle ones have to make
 * room for those that come, the longest idle first; but nobody before a moment has passed in which
 * an honest client would have spoken. Whoever comes meanwhile waits. Those that watch stay, up to a
 * number that leaves room for others. Thread-safe.
 *
 * @param <C> a connection
 */
final class Places<C> {
  static final int COUNT = 32;
  static final int WATCHERS_MAX = 8;

  /** With it a flood of some hundred connections has passed within seconds. */
  static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How long all of them may be at work before whoever comes is refused. */
  static final long BUSY_NANOS_MAX = TimeUnit.SECONDS.toNanos(2);

  /** How a connection is ended from outside; it leaves its place when it is. */
  interface Ending<C> {
    void end(C connection);
  }

  private final Ending<C> ending;
  private final LongSupplier nanoTime;

  /** Since when each has been idle, the longest first. */
  private final Map<C, Long> idle = new LinkedHashMap<>();

  private int taken;
  private int watching;

  Places(Ending<C> ending, LongSupplier nanoTime) {
    this.ending = ending;
    this.nanoTime = nanoTime;
  }

  /**
   * Takes a place, waiting for one if need be.
   *
   * @return false if for a while nobody has been idle who could make room
   */
  synchronized boolean enter() throws InterruptedException {
    boolean asked = false;
    long since = nanoTime.getAsLong();
    while (taken >= COUNT) {
      long left = asked || idle.isEmpty() ? GRACE_NANOS : untilGraceIsOver();
      if (left <= 0) {
        ending.end(removeOldest());
        asked = true;
        since = nanoTime.getAsLong();
      } else if (idle.isEmpty() && nanoTime.getAsLong() - since >= BUSY_NANOS_MAX) {
        return false;
      } else {
        TimeUnit.NANOSECONDS.timedWait(this, left);
        asked = false;
      }
    }
    taken++;
    return true;
  }

  private long untilGraceIsOver() {
    return idle.values().iterator().next() + GRACE_NANOS - nanoTime.getAsLong();
  }

  private C removeOldest() {
    C oldest = idle.keySet().iterator().next();
    idle.remove(oldest);
    return oldest;
  }

  /**
   * From now on we wait for its next word. The time before is ours: a place that is taken and whose
   * thread is late must not count against the client, who may have spoken long ago.
   */
  synchronized void idle(C connection) {
    idle.put(connection, nanoTime.getAsLong());
  }

  /** It has spoken. */
  synchronized void busy(C connection) {
    idle.remove(connection);
  }

  /** It wants to stay without a word; says whether it may, and is never idle then. */
  synchronized boolean watch() {
    if (watching >= WATCHERS_MAX) {
      return false;
    }
    watching++;
    return true;
  }

  /** It is gone. */
  synchronized void leave(C connection, boolean watched) {
    idle.remove(connection);
    taken--;
    watching -= watched ? 1 : 0;
    notifyAll();
  }
}
