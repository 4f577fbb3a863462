package io.ashlar.env;

/** A loop that can watch file descriptors. */
public interface Readiness {
  /**
   * Runs {@code task} on the loop thread each time the descriptor becomes readable anew
   * (edge-triggered), until it is closed. Loop thread only.
   *
   * @return false if this loop cannot watch descriptors; the task is never run then
   */
  boolean whenReadable(int fd, Runnable task);
}
