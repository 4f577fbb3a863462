package io.ashlar.store.map;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Blocks.EXTENT_SHIFT;

/** Cuts ranges of blocks at the borders of nodes. */
final class MapWalk {
  private static final int MID_SHIFT = EXTENT_SHIFT + Mid.LEAVES_SHIFT;

  /** A part of a range that lies within one node above leaves. */
  interface Part {
    void part(long first, long end);
  }

  private MapWalk() {}

  static void over(long firstBlock, long endBlock, Part visitor) {
    long block = firstBlock;
    while (block < endBlock) {
      long until = Math.min(endBlock, ((block >>> MID_SHIFT) + 1) << MID_SHIFT);
      visitor.part(block, until);
      block = until;
    }
  }

  static long extent(long block) {
    return block >>> EXTENT_SHIFT;
  }

  static long endOfExtent(long block) {
    return ((block >>> EXTENT_SHIFT) + 1) << EXTENT_SHIFT;
  }

  static boolean isWholeMid(long first, long end) {
    return end - first == 1L << MID_SHIFT;
  }

  static boolean isWholeExtent(long first, long end) {
    return end - first == EXTENT_BLOCKS;
  }
}
