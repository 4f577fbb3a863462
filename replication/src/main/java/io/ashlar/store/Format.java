package io.ashlar.store;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Constants of the format on disk. Source of truth: docs/on-disk-format.md. Everything is
 * little-endian; reserved bytes are zero and checked.
 */
final class Format {
  static final int VERSION = 4;
  static final int PAGE_BYTES = BLOCK_BYTES;
  static final int PAGE_SHIFT = 12;

  static final long SUPERBLOCK_A_OFFSET = 0;
  static final long SUPERBLOCK_B_OFFSET = 64 << 10;

  /** Segments begin here; the room before it belongs to the superblocks and later versions. */
  static final long DATA_OFFSET = 1 << 20;

  static final int DATA_PAGE = (int) (DATA_OFFSET >> PAGE_SHIFT);
  static final int ENTRY_BYTES = 48;
  static final int HEADER_BYTES = 64;
  static final int HEADER_CRC_OFFSET = 60;

  static final int SEGMENT_PAGES_MAX = 1 << 20;

  static final int SEGMENT_PAGES_MIN = 16;

  /** Those that are kept back ({@link SpaceBudget#SEGMENTS_KEPT_BACK}), and some to hold data. */
  static final int SEGMENTS_MIN = 12;

  private Format() {}

  /** Pages that so many bytes fill. */
  static int pages(int bytes) {
    return (bytes + PAGE_BYTES - 1) >>> PAGE_SHIFT;
  }

  /** Pages that a header of {@link #HEADER_BYTES} and this many entries fill. */
  static int pagesFor(int entries) {
    return pages(HEADER_BYTES + entries * ENTRY_BYTES);
  }

  /** A view of the whole buffer in the byte order of the format. */
  static ByteBuffer littleEndian(ByteBuffer buffer) {
    return buffer.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** CRC32C of a part of a buffer. */
  static int crc(ByteBuffer buffer, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.duplicate().clear().position(from).limit(from + length));
    return (int) crc.getValue();
  }

  /** CRC32C of a part of a buffer without the four bytes at {@code hole}. */
  static int crcWithHole(ByteBuffer buffer, int from, int length, int hole) {
    CRC32C crc = new CRC32C();
    ByteBuffer view = buffer.duplicate().clear();
    crc.update(view.slice(from, hole - from));
    crc.update(view.slice(hole + Integer.BYTES, from + length - hole - Integer.BYTES));
    return (int) crc.getValue();
  }

  static boolean isZero(ByteBuffer buffer, int from, int length) {
    ByteBuffer view = buffer.duplicate().clear();
    for (int i = from; i < from + length; i++) {
      if (view.get(i) != 0) {
        return false;
      }
    }
    return true;
  }
}
