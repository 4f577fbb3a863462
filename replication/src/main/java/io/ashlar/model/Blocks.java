package io.ashlar.model;

/** The units of a volume's address space. */
public final class Blocks {
  /** A block is the unit of versions, checksums and replication. */
  public static final int BLOCK_BYTES = 4096;

  public static final int BLOCK_SHIFT = 12;

  /** An extent is the unit of change tracking for resync: 256 KiB. */
  public static final int EXTENT_BLOCKS = 64;

  public static final int EXTENT_SHIFT = 6;

  /** Largest volume: 1 PiB. */
  public static final long VOLUME_BYTES_MAX = 1L << 50;

  private Blocks() {}

  public static long extentOf(long block) {
    return block >>> EXTENT_SHIFT;
  }

  /** Number of extents that a volume of this size has, the last one perhaps in part. */
  public static long extentsIn(long sizeBytes) {
    long extentBytes = (long) EXTENT_BLOCKS * BLOCK_BYTES;
    return (sizeBytes + extentBytes - 1) / extentBytes;
  }
}
