package io.ashlar.controller.placement;

import java.util.Optional;

/**
 * One reason why a node may not take a copy.
 *
 * @param name for messages and settings
 */
record PlacementFilter(String name, Check check) {
  /** Says why not; empty if the node passes. */
  @FunctionalInterface
  interface Check {
    Optional<String> rejection(PlacementRequest request, Candidate candidate);
  }
}
