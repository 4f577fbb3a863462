package io.ashlar.store.pool;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Deals shards to disks: each to the one that has the least of them for its size, whosever they
 * are, and the less room is left the less. Volumes are thin, so what is written by now says little
 * of what will be.
 */
final class Emptiest {
  private final Map<PoolDisk, Long> shards = new LinkedHashMap<>();

  Emptiest(List<PoolDisk> candidates) {
    candidates.forEach(disk -> shards.put(disk, 0L));
  }

  /** A replica has so many there already. */
  void counts(PoolDisk disk, int more) {
    shards.computeIfPresent(disk, (same, count) -> count + more);
  }

  /** The disk for one more; empty if there is none. */
  Optional<PoolDisk> next() {
    PoolDisk best = null;
    for (PoolDisk disk : shards.keySet()) {
      best = best == null || weight(disk) < weight(best) ? disk : best;
    }
    if (best != null) {
      shards.merge(best, 1L, Long::sum);
    }
    return Optional.ofNullable(best);
  }

  private double weight(PoolDisk disk) {
    double capacity = disk.capacityBytes();
    double used = capacity - disk.space().freeBytes();
    return (shards.get(disk) + 1) * (1 + used / capacity) / capacity;
  }
}
