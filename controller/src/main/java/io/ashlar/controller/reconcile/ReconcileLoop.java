package io.ashlar.controller.reconcile;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs work by key: never two at once for one key, a bounded number for all keys, again at once
 * when kicked meanwhile. Failures are repeated with a jittered delay that doubles up to a bound.
 */
public final class ReconcileLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ReconcileLoop.class);
  private static final int PARALLEL_MAX = 64;
  private static final Duration FAILURE_DELAY_MAX = Duration.ofSeconds(10);

  private final String name;
  private final Function<String, Step> work;
  private final Semaphore slots = new Semaphore(PARALLEL_MAX);
  private final Map<String, Lane> lanes = new ConcurrentHashMap<>();
  private final Map<String, String> problems = new ConcurrentHashMap<>();
  private volatile boolean closed;

  public ReconcileLoop(String name, Function<String, Step> work) {
    this.name = name;
    this.work = work;
  }

  /** One key with work; its thread ends when there is none. */
  private final class Lane implements Runnable {
    private final String key;
    private Duration failureDelay = Duration.ofMillis(100);

    @GuardedBy("this")
    private boolean kicked = true;

    @GuardedBy("this")
    private boolean ended;

    Lane(String key) {
      this.key = key;
    }

    /** False if the lane has ended: start another one. */
    synchronized boolean kick() {
      kicked = true;
      notifyAll();
      return !ended;
    }

    @Override
    public void run() {
      while (!closed && takeKick()) {
        switch (step()) {
          case Step.Done done -> problems.remove(key);
          case Step.Again again -> kick();
          case Step.After after -> {
            problems.put(key, after.problem());
            sleep(after.delay());
          }
        }
      }
    }

    private synchronized boolean takeKick() {
      if (!kicked) {
        ended = true;
        lanes.remove(key, this);
        return false;
      }
      kicked = false;
      return true;
    }

    private Step step() {
      slots.acquireUninterruptibly();
      try {
        Step step = work.apply(key);
        failureDelay = Duration.ofMillis(100);
        return step;
      } catch (RuntimeException failed) {
        log.warn("reconcile failed loop={} key={} error={}", name, key, failed.toString());
        log.debug("reconcile failed", failed);
        return Step.after(nextFailureDelay(), "%s", failed.getMessage());
      } finally {
        slots.release();
      }
    }

    private Duration nextFailureDelay() {
      Duration delay = failureDelay;
      Duration doubled = delay.multipliedBy(2);
      failureDelay = doubled.compareTo(FAILURE_DELAY_MAX) > 0 ? FAILURE_DELAY_MAX : doubled;
      return delay.plusMillis(ThreadLocalRandom.current().nextLong(delay.toMillis() + 1));
    }

    /** Until the delay is over or somebody kicks; then the work runs again. */
    private synchronized void sleep(Duration delay) {
      long endNanos = System.nanoTime() + delay.toNanos();
      long leftNanos = delay.toNanos();
      while (!kicked && !closed && leftNanos > 0) {
        try {
          TimeUnit.NANOSECONDS.timedWait(this, leftNanos);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          return;
        }
        leftNanos = endNanos - System.nanoTime();
      }
      kicked = true;
    }
  }

  /** Has the work for this key looked at, soon. */
  public void kick(String key) {
    if (closed) {
      return;
    }
    boolean[] started = {false};
    Lane lane =
        lanes.computeIfAbsent(
            key,
            absent -> {
              started[0] = true;
              return new Lane(absent);
            });
    if (started[0]) {
      Thread.ofVirtual().name(name + "-" + key).start(lane);
    } else if (!lane.kick()) {
      kick(key);
    }
  }

  /** What the work for this key is waiting for, if it is. */
  public Optional<String> problem(String key) {
    return Optional.ofNullable(problems.get(key));
  }

  @Override
  public void close() {
    closed = true;
    lanes.values().forEach(Lane::kick);
  }
}
