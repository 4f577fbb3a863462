package io.ashlar.env;

/** One-shot timers of a loop. */
public interface Timers {
  /** Runs {@code task} on the loop thread after {@code delayNanos}; never inside this call. */
  void after(long delayNanos, Runnable task);
}
