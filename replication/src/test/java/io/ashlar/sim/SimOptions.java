package io.ashlar.sim;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;

/**
 * What a run is like; drawn from the seed by {@link #of}.
 *
 * @param copies members of the volume at the start
 * @param nodes nodes of the cluster; those without a copy are consumers only
 * @param thinkNanosMax pause of a client between two requests
 * @param storm faults come so often that they meet each other
 * @param hotSpots most requests go to one extent, which changes every now and then
 * @param damage blocks rot on the disks
 * @param tight the disks are too small for what is written
 * @param unitBytes requests are multiples of this: a block or a sector
 * @param endsDark at the end everything loses its power, while the volume is not attached
 * @param segmentBytes unit of the log: small ones make collection happen
 * @param disks most disks that a node has
 * @param shardShift of the blocks that are on one disk together
 * @param compression of the volume
 */
public record SimOptions(
    int nodes,
    int copies,
    int blocks,
    int concurrency,
    long thinkNanosMax,
    FailureMode mode,
    long diskBytes,
    int segmentBytes,
    long faultyNanos,
    boolean storm,
    boolean hotSpots,
    boolean damage,
    boolean tight,
    int unitBytes,
    boolean endsDark,
    int disks,
    int shardShift,
    Compression compression) {

  static SimOptions of(SimRng rng) {
    int copies = 1 + rng.nextInt(4);
    int nodes = copies + rng.nextInt(2);
    FailureMode mode =
        switch (rng.nextInt(5)) {
          case 0 -> FailureMode.HARD;
          case 1, 2 -> FailureMode.ALWAYSON;
          default -> FailureMode.SOFT;
        };
    // Few blocks make writes meet; many extents make a delta smaller than the whole.
    int blocks = rng.oneIn(3) ? EXTENT_BLOCKS * (8 + rng.nextInt(40)) : 24 + rng.nextInt(3) * 60;
    // A disk with room for about 600 blocks of data, for a volume that may be larger. A copy that
    // was away needs room to come back, so other copies have to go on and make some, by trims.
    boolean tight = rng.oneIn(5);
    blocks = tight ? EXTENT_BLOCKS * (8 + rng.nextInt(5)) : blocks;
    mode = tight ? FailureMode.ALWAYSON : mode;
    long diskBytes = tight ? 5L << 20 : 28L << 20;
    return new SimOptions(
        Math.max(2, nodes),
        copies,
        blocks,
        1 + rng.nextInt(8),
        rng.between(tight ? 5_000_000 : 200_000, 40_000_000),
        mode,
        diskBytes,
        tight ? 128 << 10 : 256 << 10,
        rng.between(10, 40) * 1_000_000_000L,
        rng.oneIn(4),
        blocks >= 512 && !rng.oneIn(4),
        copies > 1 && rng.oneIn(2),
        tight,
        blocks < 200 && rng.oneIn(3) ? 512 : 4096,
        rng.oneIn(3),
        tight ? 1 : 1 + rng.nextInt(3),
        EXTENT_SHIFT + rng.nextInt(3),
        compression(rng, tight));
  }

  /** None on tight disks, or everything would fit. */
  private static Compression compression(SimRng rng, boolean tight) {
    int drawn = rng.nextInt(4);
    return switch (tight ? 3 : drawn) {
      case 0 -> Compression.LZ4;
      case 1 -> Compression.ZSTD;
      default -> Compression.NONE;
    };
  }
}
