package io.ashlar.env;

import java.util.Optional;

/** A loop that can watch file descriptors. Loop thread only. */
public interface Readiness {
  /** A descriptor that is watched. */
  interface Watched {
    /** Ends that; before the descriptor is closed, since its number may be another one's next. */
    void end();
  }

  /**
   * Runs {@code task} on the loop thread each time the descriptor becomes readable anew
   * (edge-triggered).
   *
   * @return empty if this loop cannot watch descriptors; the task is never run then
   */
  Optional<Watched> whenReadable(int fd, Runnable task);
}
