package io.ashlar.store;

import io.ashlar.store.map.Place;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry as found in a segment.
 *
 * @param page in which its payload begins in the segment; of the batch's first payload page if it
 *     has none of its own
 * @param offsetBytes in that page
 * @param lsn of its batch
 */
record PlacedEntry(LogEntry entry, int page, int offsetBytes, long lsn) {
  /** Gives entries their pages, with the help of the batch marks among them. */
  static List<PlacedEntry> place(List<LogEntry> entries) {
    List<PlacedEntry> placed = new ArrayList<>(entries.size());
    int mark = 0;
    while (mark < entries.size()) {
      int end = mark + 1;
      while (end < entries.size() && entries.get(end).kind() != EntryKind.BATCH) {
        end++;
      }
      placeBatch(entries.get(mark), entries.subList(mark + 1, end), placed);
      mark = end;
    }
    return placed;
  }

  private static void placeBatch(LogEntry mark, List<LogEntry> batch, List<PlacedEntry> placed) {
    BatchLayout layout = BatchLayout.of(batch);
    for (int i = 0; i < batch.size(); i++) {
      int page = (int) mark.first() + layout.at(i) / Format.PAGE_BYTES;
      int offset = layout.at(i) % Format.PAGE_BYTES;
      placed.add(new PlacedEntry(batch.get(i), page, offset, mark.version()));
    }
  }

  /** Where its payload lies on the disk. */
  long place(Segments segments, int segment) {
    return Place.of(segments.place(segment, page), offsetBytes);
  }

  /** First page of the segment that holds nothing of it any more. */
  int endPage() {
    long bytes =
        switch (entry.kind()) {
          case NODE -> entry.count() + entry.storedBytes();
          case CHECKPOINT -> entry.version();
          default -> entry.isPacked() ? offsetBytes + entry.storedBytes() : Format.PAGE_BYTES;
        };
    return page + Format.pages((int) bytes);
  }
}
