package io.ashlar.sanity.kubernetes;

import java.io.IOException;

/**
 * One story in the cluster; it leaves nothing of its own behind.
 *
 * @param full whether it is told in the full run only
 */
record Scenario(String name, boolean full, Story story) {
  /** What happens; throws what was wrong. */
  @FunctionalInterface
  interface Story {
    void tell() throws IOException, InterruptedException;
  }
}
