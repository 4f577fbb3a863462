package io.ashlar.controller.placement;

import io.ashlar.controller.state.PoolState;

/**
 * How much a node may take. Volumes are thin: the sum of their sizes may exceed what the disks
 * have.
 *
 * @param overProvisioning how many times the pool's size may be promised
 * @param reservePercent of a pool that new copies leave alone
 */
public record SpacePolicy(int overProvisioning, int reservePercent) {
  public static final SpacePolicy DEFAULT = new SpacePolicy(10, 5);

  public long reservedBytes(PoolState pool) {
    return pool.totalBytes() / 100 * reservePercent;
  }

  /** What may still be promised on this node. */
  public long headroomBytes(Candidate candidate) {
    return candidate
        .pool()
        .map(pool -> pool.totalBytes() * overProvisioning - candidate.provisionedBytes())
        .map(bytes -> Math.max(0, bytes))
        .orElse(0L);
  }
}
