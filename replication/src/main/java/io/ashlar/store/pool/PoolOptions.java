package io.ashlar.store.pool;

/**
 * How a pool spreads replicas.
 *
 * @param shardShift binary logarithm of the blocks in a shard; a whole number of extents
 */
public record PoolOptions(int shardShift) {
  /** Shards of 4 GiB. */
  public static final PoolOptions DEFAULT = new PoolOptions(20);
}
