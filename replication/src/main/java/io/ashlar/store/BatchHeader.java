package io.ashlar.store;

import static io.ashlar.store.Format.HEADER_BYTES;
import static io.ashlar.store.Format.HEADER_CRC_OFFSET;
import static io.ashlar.store.Format.PAGE_BYTES;

import java.nio.ByteBuffer;

/**
 * Head of a batch, 64 bytes, followed by its entries and what is packed behind them ({@link
 * BatchLayout}); these fill whole pages, then come the payloads that have a page each, in order.
 *
 * <pre>
 * off size field            rule
 *   0    4 magic            0x42485341 ("ASHB")
 *   4    2 formatVersion    4
 *   6    2 headerPages      as many as header, entries and what is packed need
 *   8    4 entryCount       1 to 4094
 *  12    4 payloadPages     one for each BAD, META and DATA of 4096 bytes; or what NODE and CHECKPOINT need
 *  16    8 diskId           as in the superblock
 *  24    8 sequence         of the segment
 *  32    4 page             position of this header in its segment
 *  36    4 durablePage      everything of this segment before this page survived a sync
 *  40    8 generation       of the superblock when the segment was opened
 *  48    8 lsn              orders batches over all segments
 *  56    4 packedBytes      behind the entries
 *  60    4 headerCrc32c     over header and entries without this field
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
    long lsn,
    int packedBytes) {
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
    into.putInt(56, packedBytes);
    int crc = Format.crcWithHole(into, 0, entryOffset(entryCount), HEADER_CRC_OFFSET);
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
            from.getLong(at + 48),
            from.getInt(at + 56));
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
        && packedBytes >= 0
        && packedBytes <= entryCount * PAGE_BYTES
        && headerPages == BatchLayout.frontPages(entryCount, packedBytes)
        && payloadPages >= 0
        && payloadPages <= segmentPages
        && page + pages() < segmentPages
        && sequence > 0;
  }

  /** Whether header and entries at {@code at} carry their checksum. */
  boolean sealed(ByteBuffer from, int at) {
    ByteBuffer pages = Format.littleEndian(from.slice(at, headerPages * PAGE_BYTES));
    return Format.crcWithHole(pages, 0, entryOffset(entryCount), HEADER_CRC_OFFSET)
        == pages.getInt(HEADER_CRC_OFFSET);
  }

  static int entryOffset(int index) {
    return HEADER_BYTES + index * Format.ENTRY_BYTES;
  }
}
