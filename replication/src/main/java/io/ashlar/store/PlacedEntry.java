package io.ashlar.store;

import java.util.ArrayList;
import java.util.List;

/**
 * An entry as found in a segment.
 *
 * @param page of its payload in the segment; of the batch's first payload page if it has none of
 *     its own
 * @param lsn of its batch
 */
record PlacedEntry(LogEntry entry, int page, long lsn) {
  /** Gives entries their pages, with the help of the batch marks among them. */
  static List<PlacedEntry> place(List<LogEntry> entries) {
    List<PlacedEntry> placed = new ArrayList<>(entries.size());
    int page = 0;
    long lsn = 0;
    for (LogEntry entry : entries) {
      if (entry.kind() == EntryKind.BATCH) {
        page = (int) (entry.first() + entry.count());
        lsn = entry.version();
      } else {
        placed.add(new PlacedEntry(entry, page, lsn));
        page += entry.kind().hasPage() ? 1 : 0;
      }
    }
    return placed;
  }
}
