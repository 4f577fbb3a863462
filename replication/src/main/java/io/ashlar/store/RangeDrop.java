package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.model.Version;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache.Need;
import io.ashlar.store.map.VolumeMap;
import java.util.List;

/**
 * Makes a range as if it was never written, node by node of the map, so that one of any size fits
 * into any memory. Nothing else is asked of the range meanwhile. Loop thread only.
 */
final class RangeDrop {
  private final LogReplica replica;
  private final LogStore store;
  private final VolumeMap map;
  private final long end;
  private final ReplicaStore.Callback done;
  private long first;

  RangeDrop(LogReplica replica, LogStore store, long first, long end, ReplicaStore.Callback done) {
    this.replica = replica;
    this.store = store;
    this.map = replica.content().map();
    this.first = first;
    this.end = end;
    this.done = done;
  }

  void start() {
    long extent = map.nextExtentAbove(Version.NONE, first >>> EXTENT_SHIFT);
    if (extent < 0 || extent << EXTENT_SHIFT >= end) {
      store.answerLater(done);
      return;
    }
    long from = Math.max(first, extent << EXTENT_SHIFT);
    long node = VolumeMap.midOf(extent) + 1;
    long until = Math.min(end, VolumeMap.firstExtentOf(node) << EXTENT_SHIFT);
    first = until;
    replica.hold(from, until, Need.ASSIGN, hold -> append(from, until, hold));
  }

  private void append(long from, long until, Hold hold) {
    LogEntry entry =
        LogEntry.range(
            EntryKind.UNMAPPED, replica.content().number(), from, until - from, Version.NONE);
    store.appendEntries(
        replica,
        List.of(entry),
        hold,
        result -> {
          if (result == ReplicaStore.Result.OK) {
            start();
          } else {
            done.done(result);
          }
        });
  }
}
