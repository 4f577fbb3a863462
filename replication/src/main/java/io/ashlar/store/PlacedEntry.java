package io.ashlar.store;

import java.util.ArrayList;
import java.util.List;

/**
 * An entry as found in a segment.
 *
 * @param page of its payload in the segment, 0 if it has none
 * @param birth position of its first writing: its own unless collection wrote it again
 */
record PlacedEntry(LogEntry entry, int page, long birth) {
  /** Gives entries their pages and positions, with the help of the batch marks among them. */
  static List<PlacedEntry> place(List<LogEntry> entries, long sequence) {
    List<PlacedEntry> placed = new ArrayList<>(entries.size());
    int payloadPage = 0;
    int index = 0;
    for (LogEntry entry : entries) {
      if (entry.kind() == EntryKind.BATCH) {
        payloadPage = (int) (entry.first() + entry.count());
        index = 0;
      } else if (entry.kind().hasPayload()) {
        long position = LogPosition.ofBlock(sequence, payloadPage);
        placed.add(new PlacedEntry(entry, payloadPage++, position));
        index++;
      } else {
        long position = LogPosition.ofEntry(sequence, payloadPage, index++);
        placed.add(new PlacedEntry(entry, 0, entry.birth() == 0 ? position : entry.birth()));
      }
    }
    return placed;
  }
}
