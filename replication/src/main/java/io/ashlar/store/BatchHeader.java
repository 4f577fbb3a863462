package io.ashlar.store;

import static io.ashlar.store.Format.HEADER_BYTES;
import static io.ashlar.store.Format.HEADER_CRC_OFFSET;
import static io.ashlar.store.Format.PAGE_BYTES;

import java.nio.ByteBuffer;

/**
 * Head of a batch, 64 bytes, followed by its entries; both fill whole pages, then come the payload
 * pages of the entries that have one, in order.
 *
 * <pre>
 * off size field            rule
 *   0    4 magic            0x42485341 ("ASHB")
 *   4    2 formatVersion    3
 *   6    2 headerPages      as many as the entries need
 *   8    4 entryCount       1 to 4094
 *  12    4 payloadPages     one for each entry of kind DATA, BAD or META; or what NODE and CHECKPOINT need
 *  16    8 diskId           as in the superblock
 *  24    8 sequence         of the segment
 *  32    4 page             position of this header in its segment
 *  36    4 durablePage      everything of this segment before this page survived a sync
 *  40    8 generation       of the superblock when the segment was opened
 *  48    8 lsn              orders batches over all segments
 *  56    4 reserved         zero
 *  60    4 headerCrc32c     over all header pages without this field
 * </pre>
 *
 * Disk, sequence, generation and page bind a batch to its place: stale bytes of a reused segment
 * never pass.
 */
record BatchHeader(
    int headerPages,
    int entryCount,
    int payloadPages,
    long diskId,
    long sequence,
    int page,
    int durablePage,
    long generation,
    long lsn) {
  static final int MAGIC = 0x42485341;
  static final int ENTRIES_MAX = (1 << 12) - 2;

  int pages() {
    return headerPages + payloadPages;
  }

  int firstPayloadPage() {
    return page + headerPages;
  }

  /** Writes the header before the entries that are already in place, and seals both. */
  void encode(ByteBuffer into) {
    into.putInt(0, MAGIC);
    into.putShort(4, (short) Format.VERSION);
    into.putShort(6, (short) headerPages);
    into.putInt(8, entryCount);
    into.putInt(12, payloadPages);
    into.putLong(16, diskId);
    into.putLong(24, sequence);
    into.putInt(32, page);
    into.putInt(36, durablePage);
    into.putLong(40, generation);
    into.putLong(48, lsn);
    int crc = Format.crcWithHole(into, 0, headerPages * PAGE_BYTES, HEADER_CRC_OFFSET);
    into.putInt(HEADER_CRC_OFFSET, crc);
  }

  /**
   * Reads the fields at {@code at} if they can be those of a batch at that page of a segment; null
   * if not. The checksum is {@link #sealed}'s.
   */
  static BatchHeader decode(ByteBuffer from, int at, long diskId, int page, int segmentPages) {
    if (from.getInt(at) != MAGIC || from.getShort(at + 4) != Format.VERSION) {
      return null;
    }
    BatchHeader header =
        new BatchHeader(
            Short.toUnsignedInt(from.getShort(at + 6)),
            from.getInt(at + 8),
            from.getInt(at + 12),
            from.getLong(at + 16),
            from.getLong(at + 24),
            from.getInt(at + 32),
            from.getInt(at + 36),
            from.getLong(at + 40),
            from.getLong(at + 48));
    return header.diskId == diskId && header.page == page && header.fits(segmentPages)
        ? header
        : null;
  }

  /** Whether both are batches of the same filling of a segment. */
  boolean sameSegmentAs(BatchHeader other) {
    return sequence == other.sequence && generation == other.generation;
  }

  private boolean fits(int segmentPages) {
    return entryCount >= 1
        && entryCount <= ENTRIES_MAX
        && headerPages == Format.pagesFor(entryCount)
        && payloadPages >= 0
        && payloadPages <= segmentPages
        && page + pages() < segmentPages
        && sequence > 0;
  }

  /** Whether the header pages at {@code at} carry their checksum. */
  boolean sealed(ByteBuffer from, int at) {
    ByteBuffer pages = Format.littleEndian(from.slice(at, headerPages * PAGE_BYTES));
    return Format.crcWithHole(pages, 0, headerPages * PAGE_BYTES, HEADER_CRC_OFFSET)
        == pages.getInt(HEADER_CRC_OFFSET);
  }

  static int entryOffset(int index) {
    return HEADER_BYTES + index * Format.ENTRY_BYTES;
  }
}
