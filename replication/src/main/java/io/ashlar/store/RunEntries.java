package io.ashlar.store;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns the blocks of a run that are to be applied into entries, neighbours without data into one.
 * Indexes are offered in ascending order, each either taken or skipped.
 */
final class RunEntries {
  private final int replica;
  private final BlockRun run;
  private final List<LogEntry> entries;
  private final int[] sources;
  private int dataBlocks;
  private int dataBytes;
  private int lastTaken = -2;

  RunEntries(int replica, BlockRun run) {
    this.replica = replica;
    this.run = run;
    this.entries = new ArrayList<>(run.count());
    this.sources = new int[run.count()];
  }

  void take(int index) {
    long block = run.firstBlock() + index;
    long version = run.versions()[index];
    switch (run.kinds()[index]) {
      case DATA -> {
        sources[entries.size()] = dataBytes;
        entries.add(LogEntry.data(replica, block, version, run.crcs()[index], run.seal(index)));
        passed(index);
      }
      case TOMBSTONE -> addToRange(EntryKind.TOMBSTONE, index, version);
      case UNMAPPED -> addToRange(EntryKind.UNMAPPED, index, 0);
      case CORRUPT -> {}
    }
    lastTaken = index;
  }

  void skip(int index) {
    if (run.kinds()[index] == BlockKind.DATA) {
      passed(index);
    }
  }

  private void passed(int index) {
    dataBlocks++;
    dataBytes += run.storedBytes(index);
  }

  private void addToRange(EntryKind kind, int index, long version) {
    LogEntry last = entries.isEmpty() ? null : entries.getLast();
    if (lastTaken == index - 1
        && last != null
        && last.kind() == kind
        && last.version() == version) {
      entries.set(
          entries.size() - 1,
          LogEntry.range(kind, replica, last.first(), last.count() + 1, version));
    } else {
      entries.add(LogEntry.range(kind, replica, run.firstBlock() + index, 1, version));
    }
  }

  BlockRun run() {
    return run;
  }

  /** DATA blocks of the whole run, taken or not. */
  int dataBlocks() {
    return dataBlocks;
  }

  LogEntry[] entries() {
    return entries.toArray(LogEntry[]::new);
  }

  /** Where in the payload the bytes of each entry begin that has some. */
  int[] sources() {
    return sources;
  }

  static int countData(LogEntry[] entries) {
    int count = 0;
    for (LogEntry entry : entries) {
      count += entry.kind() == EntryKind.DATA ? 1 : 0;
    }
    return count;
  }
}
