package io.ashlar.store;

import static io.ashlar.store.Format.ENTRY_BYTES;
import static io.ashlar.store.Format.HEADER_BYTES;
import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.store.map.NodeWord;
import java.util.List;

/**
 * Where in its batch each entry's payload lies: behind the entries those that are smaller than a
 * page, one after the other; then, in whole pages, all others.
 */
final class BatchLayout {
  private final int[] at;
  private final int packedBytes;
  private final int payloadPages;

  private BatchLayout(int[] at, int packedBytes, int payloadPages) {
    this.at = at;
    this.packedBytes = packedBytes;
    this.payloadPages = payloadPages;
  }

  static BatchLayout of(List<LogEntry> entries) {
    int[] at = new int[entries.size()];
    int packed = 0;
    for (int i = 0; i < at.length; i++) {
      if (entries.get(i).isPacked()) {
        at[i] = HEADER_BYTES + at.length * ENTRY_BYTES + packed;
        packed += packedBytes(entries.get(i));
      }
    }
    int front = frontPages(at.length, packed);
    int pages = 0;
    for (int i = 0; i < at.length; i++) {
      LogEntry entry = entries.get(i);
      if (!entry.isPacked()) {
        at[i] = (front + pages) * PAGE_BYTES;
        pages += entry.fillsPage() ? 1 : 0;
      }
    }
    return new BatchLayout(at, packed, pages);
  }

  /** Room that the entry takes behind the entries. */
  static int packedBytes(LogEntry entry) {
    return entry.isPacked() ? NodeWord.units(entry.storedBytes()) * NodeWord.UNIT_BYTES : 0;
  }

  /** Pages of header, entries and packed payloads. */
  static int frontPages(int entries, int packedBytes) {
    return Format.pages(HEADER_BYTES + entries * ENTRY_BYTES + packedBytes);
  }

  /**
   * Byte of the batch at which the payload of an entry begins; for one without a payload of its own
   * the first payload page.
   */
  int at(int index) {
    return at[index];
  }

  int packedBytes() {
    return packedBytes;
  }

  /** Pages of payloads that fill one each. */
  int payloadPages() {
    return payloadPages;
  }

  int frontPages() {
    return frontPages(at.length, packedBytes);
  }
}
