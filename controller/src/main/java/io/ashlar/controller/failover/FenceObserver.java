package io.ashlar.controller.failover;

import java.time.Duration;

/** Told about every fence that holds. */
@FunctionalInterface
public interface FenceObserver {
  /**
   * @param took from this controller's first try
   */
  void fenced(Duration took);
}
