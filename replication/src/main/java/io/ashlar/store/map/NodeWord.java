package io.ashlar.store.map;

import static io.ashlar.model.Invariants.check;

/**
 * Where a node lies on the disk, and how many blocks below it hold data, in one long.
 *
 * <pre>
 * bits  0-31  disk page
 * bits 32-39  offset in it, in units of 16 bytes
 * bits 40-48  length, in units of 16 bytes
 * bits 49-63  blocks that hold data
 * </pre>
 *
 * Page 0 is a superblock: {@link #NONE} means that nothing below was ever written, or is known any
 * more; {@link #TOMBSTONES} that all blocks below are tombstones of the version that stands beside
 * the word; {@link #LOST} that nobody knows what is below, as the node above was damaged.
 */
public final class NodeWord {
  public static final long NONE = 0;
  public static final long TOMBSTONES = 1L << 32;
  public static final long LOST = 2L << 32;

  /** Nodes begin and end at multiples of this many bytes. */
  public static final int UNIT_BYTES = 16;

  private static final int OFFSET_SHIFT = 32;
  private static final int LENGTH_SHIFT = 40;
  private static final int MAPPED_SHIFT = 49;
  private static final int UNITS_IN_PAGE = 256;
  private static final int LENGTH_UNITS_MAX = (1 << 9) - 1;
  private static final int MAPPED_MAX = (1 << 15) - 1;

  private NodeWord() {}

  /** Units that so many bytes take. */
  public static int units(int bytes) {
    return (bytes + UNIT_BYTES - 1) / UNIT_BYTES;
  }

  /**
   * @param offsetBytes from the beginning of the page {@code place}
   */
  public static long of(int place, int offsetBytes, int lengthBytes, int mappedBlocks) {
    int offset = offsetBytes / UNIT_BYTES;
    int length = lengthBytes / UNIT_BYTES;
    check(
        place != 0
            && offset < UNITS_IN_PAGE
            && length > 0
            && length <= LENGTH_UNITS_MAX
            && mappedBlocks <= MAPPED_MAX,
        "a node at page %s+%s of %s bytes with %s blocks",
        place,
        offsetBytes,
        lengthBytes,
        mappedBlocks);
    return Integer.toUnsignedLong(place)
        | (long) offset << OFFSET_SHIFT
        | (long) length << LENGTH_SHIFT
        | (long) mappedBlocks << MAPPED_SHIFT;
  }

  /** Whether there is a node on the disk. */
  public static boolean isNode(long word) {
    return (int) word != 0;
  }

  public static int place(long word) {
    return (int) word;
  }

  public static int offsetBytes(long word) {
    return ((int) (word >>> OFFSET_SHIFT) & (UNITS_IN_PAGE - 1)) * UNIT_BYTES;
  }

  public static int lengthBytes(long word) {
    return ((int) (word >>> LENGTH_SHIFT) & LENGTH_UNITS_MAX) * UNIT_BYTES;
  }

  /** Blocks below that held data when the node was written. */
  public static int mappedBlocks(long word) {
    return isNode(word) ? (int) (word >>> MAPPED_SHIFT) : 0;
  }
}
