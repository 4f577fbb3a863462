package io.ashlar.block;

/** What a replica holds for a block. Codes are stored and sent: append only. */
public enum BlockKind {
  /** Never written, or a tombstone that was let go: reads as zeros, has no version. */
  UNMAPPED(0),
  /** Bytes with a version and a checksum. */
  DATA(1),
  /** Trimmed or zeroed by a range write: reads as zeros, keeps that write's version for a while. */
  TOMBSTONE(2),
  /** Mapped, with a known version, but the stored bytes fail their check or cannot be read. */
  CORRUPT(3);

  private static final BlockKind[] VALUES = values();
  private final int code;

  BlockKind(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  public static BlockKind ofCode(int code) {
    if (code < 0 || code >= VALUES.length) {
      throw new IllegalArgumentException("no block kind has code " + code);
    }
    return VALUES[code];
  }
}
