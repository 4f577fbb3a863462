package io.ashlar.store;

import java.util.Arrays;

/**
 * Where a replica's data blocks are: version, place and checksum of each, in pages of primitive
 * arrays, 16 bytes a block. Pages without data do not exist. Places are numbers of disk pages; 0 is
 * a superblock and means: no data here.
 */
final class BlockMap {
  static final int LEAF_BLOCKS = 512;
  private static final int LEAF_SHIFT = 9;
  private static final int BRANCH_SHIFT = 10;
  private static final int BRANCH_LEAVES = 1 << BRANCH_SHIFT;

  /** Consecutive blocks. */
  private static final class Leaf {
    final long[] versions = new long[LEAF_BLOCKS];
    final int[] places = new int[LEAF_BLOCKS];
    final int[] crcs = new int[LEAF_BLOCKS];
    int used;
  }

  /** Visits data blocks; may clear the visited one. */
  interface Visitor {
    void block(long block, long version, int place);
  }

  private Leaf[][] root = new Leaf[0][];
  private long mapped;

  long mappedBlocks() {
    return mapped;
  }

  /** Place of the block's data, or 0. */
  int place(long block) {
    Leaf leaf = leaf(block >>> LEAF_SHIFT);
    return leaf == null ? 0 : leaf.places[(int) block & (LEAF_BLOCKS - 1)];
  }

  long version(long block) {
    Leaf leaf = leaf(block >>> LEAF_SHIFT);
    return leaf == null ? 0 : leaf.versions[(int) block & (LEAF_BLOCKS - 1)];
  }

  int crc(long block) {
    Leaf leaf = leaf(block >>> LEAF_SHIFT);
    return leaf == null ? 0 : leaf.crcs[(int) block & (LEAF_BLOCKS - 1)];
  }

  /** Maps the block; returns its former place or 0. */
  int put(long block, long version, int place, int crc) {
    Leaf leaf = leafForWrite(block >>> LEAF_SHIFT);
    int index = (int) block & (LEAF_BLOCKS - 1);
    int former = leaf.places[index];
    leaf.versions[index] = version;
    leaf.places[index] = place;
    leaf.crcs[index] = crc;
    if (former == 0) {
      leaf.used++;
      mapped++;
    }
    return former;
  }

  /** Unmaps the block; returns its former place or 0. */
  int remove(long block) {
    Leaf leaf = leaf(block >>> LEAF_SHIFT);
    int index = (int) block & (LEAF_BLOCKS - 1);
    int former = leaf == null ? 0 : leaf.places[index];
    if (former != 0) {
      leaf.versions[index] = 0;
      leaf.places[index] = 0;
      leaf.crcs[index] = 0;
      mapped--;
      if (--leaf.used == 0) {
        dropLeaf(block >>> LEAF_SHIFT);
      }
    }
    return former;
  }

  /** First data block at or after {@code from} and below {@code end}, or -1. */
  long next(long from, long end) {
    long block = from;
    while (block < end) {
      long number = block >>> LEAF_SHIFT;
      if (number >>> BRANCH_SHIFT >= root.length) {
        return -1;
      }
      if (root[(int) (number >>> BRANCH_SHIFT)] == null) {
        block = ((number >>> BRANCH_SHIFT) + 1) << (BRANCH_SHIFT + LEAF_SHIFT);
      } else if (leaf(number) == null) {
        block = (number + 1) << LEAF_SHIFT;
      } else if (place(block) != 0) {
        return block;
      } else {
        block++;
      }
    }
    return -1;
  }

  /** Visits the data blocks of a range in ascending order. */
  void forEach(long from, long end, Visitor visitor) {
    for (long block = next(from, end); block >= 0; block = next(block + 1, end)) {
      visitor.block(block, version(block), place(block));
    }
  }

  private Leaf leaf(long number) {
    long branch = number >>> BRANCH_SHIFT;
    if (branch >= root.length || root[(int) branch] == null) {
      return null;
    }
    return root[(int) branch][(int) number & (BRANCH_LEAVES - 1)];
  }

  private Leaf leafForWrite(long number) {
    int branch = Math.toIntExact(number >>> BRANCH_SHIFT);
    if (branch >= root.length) {
      root = Arrays.copyOf(root, Math.max(branch + 1, root.length * 2));
    }
    if (root[branch] == null) {
      root[branch] = new Leaf[BRANCH_LEAVES];
    }
    int index = (int) number & (BRANCH_LEAVES - 1);
    if (root[branch][index] == null) {
      root[branch][index] = new Leaf();
    }
    return root[branch][index];
  }

  private void dropLeaf(long number) {
    root[(int) (number >>> BRANCH_SHIFT)][(int) number & (BRANCH_LEAVES - 1)] = null;
  }
}
