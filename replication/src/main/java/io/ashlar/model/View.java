package io.ashlar.model;

import java.util.List;

/**
 * What a replica stores of the record with its promise, so that the members together remember the
 * last configuration even if the store forgets it.
 */
public record View(int epoch, List<Long> inSync, long lineage, long generation) {
  public View {
    inSync = List.copyOf(inSync);
  }
}
