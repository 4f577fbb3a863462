package io.ashlar.store;

import static io.ashlar.store.Format.ENTRY_BYTES;
import static io.ashlar.store.Format.HEADER_BYTES;
import static io.ashlar.store.Format.HEADER_CRC_OFFSET;
import static io.ashlar.store.Format.PAGE_BYTES;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a closed segment holds: all entries in log order, with a BATCH mark before those of each
 * batch. It fills the last pages of the segment. The very last page begins with this header and the
 * first entries; what does not fit there goes on in the pages before it, from the lowest one up.
 *
 * <pre>
 * off size field          rule
 *   0    4 magic          0x53485341 ("ASHS")
 *   4    2 formatVersion  4
 *   6    2 pages          as many as the entries need
 *   8    4 entryCount     marks included
 *  12    4 endPage        the segment was closed here: no batch begins at or after this page
 *  16    8 diskId         as in the superblock
 *  24    8 sequence       of the segment
 *  32    8 generation     of the superblock when the segment was opened
 *  40   20 reserved       zero
 *  60    4 crc32c         over all pages of the summary in their order on disk, without this field
 * </pre>
 */
final class SegmentSummary {
  static final int MAGIC = 0x53485341;
  static final int ENTRIES_IN_LAST_PAGE = (PAGE_BYTES - HEADER_BYTES) / ENTRY_BYTES;
  static final int ENTRIES_IN_PAGE = PAGE_BYTES / ENTRY_BYTES;

  /** The header's fields. */
  record Header(int pages, int entryCount, int endPage, long sequence, long generation) {}

  /** Names one filling of a segment; no two fillings of a disk have the same name. */
  record Filling(long sequence, long generation) {}

  private SegmentSummary() {}

  static int pagesFor(int entries) {
    int rest = Math.max(0, entries - ENTRIES_IN_LAST_PAGE);
    return 1 + (rest + ENTRIES_IN_PAGE - 1) / ENTRIES_IN_PAGE;
  }

  /** Fills {@code zeroed}, which is exactly the summary's pages. */
  static void encode(
      ByteBuffer zeroed, long diskId, Filling filling, int endPage, List<LogEntry> entries) {
    ByteBuffer into = Format.littleEndian(zeroed);
    int pages = pagesFor(entries.size());
    int head = (pages - 1) * PAGE_BYTES;
    for (int i = 0; i < entries.size(); i++) {
      entries.get(i).encode(into, entryOffset(i, head));
    }
    into.putInt(head, MAGIC);
    into.putShort(head + 4, (short) Format.VERSION);
    into.putShort(head + 6, (short) pages);
    into.putInt(head + 8, entries.size());
    into.putInt(head + 12, endPage);
    into.putLong(head + 16, diskId);
    into.putLong(head + 24, filling.sequence());
    into.putLong(head + 32, filling.generation());
    into.putInt(head + HEADER_CRC_OFFSET, crc(into, pages));
  }

  /**
   * Reads the header from a segment's last page; null if there is none of this disk. The checksum
   * is {@link #decode}'s.
   */
  static Header header(ByteBuffer lastPage, long diskId, int segmentPages) {
    ByteBuffer page = Format.littleEndian(lastPage);
    if (page.getInt(0) != MAGIC
        || page.getShort(4) != Format.VERSION
        || page.getLong(16) != diskId) {
      return null;
    }
    Header header =
        new Header(
            Short.toUnsignedInt(page.getShort(6)),
            page.getInt(8),
            page.getInt(12),
            page.getLong(24),
            page.getLong(32));
    boolean fits =
        header.entryCount >= 0
            && header.entryCount <= ENTRIES_IN_PAGE * segmentPages
            && header.pages == pagesFor(header.entryCount)
            && header.endPage >= 0
            && header.endPage + header.pages <= segmentPages
            && header.sequence > 0;
    return fits ? header : null;
  }

  /** The entries of a whole summary, or null if its checksum or an entry is wrong. */
  static List<LogEntry> decode(ByteBuffer pages, Header header) {
    ByteBuffer from = Format.littleEndian(pages);
    int head = (header.pages - 1) * PAGE_BYTES;
    if (from.getInt(head + HEADER_CRC_OFFSET) != crc(from, header.pages)) {
      return null;
    }
    List<LogEntry> entries = new ArrayList<>(header.entryCount);
    for (int i = 0; i < header.entryCount; i++) {
      LogEntry entry = LogEntry.decode(from, entryOffset(i, head));
      if (entry == null) {
        return null;
      }
      entries.add(entry);
    }
    return entries;
  }

  private static int crc(ByteBuffer buffer, int pages) {
    int head = (pages - 1) * PAGE_BYTES;
    return Format.crcWithHole(buffer, 0, pages * PAGE_BYTES, head + HEADER_CRC_OFFSET);
  }

  private static int entryOffset(int index, int head) {
    if (index < ENTRIES_IN_LAST_PAGE) {
      return head + HEADER_BYTES + index * ENTRY_BYTES;
    }
    int rest = index - ENTRIES_IN_LAST_PAGE;
    return rest / ENTRIES_IN_PAGE * PAGE_BYTES + rest % ENTRIES_IN_PAGE * ENTRY_BYTES;
  }
}
