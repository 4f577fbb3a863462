package io.ashlar.store;

import io.ashlar.model.Version;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.MapCache.Need;
import io.ashlar.store.map.VolumeMap;
import java.util.ArrayList;
import java.util.List;

/**
 * A range on its way to becoming tombstones: has in memory what it may have to look into, which for
 * whole nodes is nothing, and then says in one go what is not newer. Loop thread only.
 */
final class RangeWrite {
  private final LogReplica replica;
  private final LogStore store;
  private final MapCache cache;
  private final VolumeMap map;
  private final long first;
  private final long end;
  private final long version;
  private final ReplicaStore.Callback done;
  private final List<Hold> holds = new ArrayList<>();
  private final Turns.Turn turn;
  private List<VolumeMap.Range> looked = List.of();
  private int outstanding;
  private boolean failed;

  RangeWrite(
      LogReplica replica,
      LogStore store,
      long first,
      long end,
      long version,
      ReplicaStore.Callback done) {
    this.replica = replica;
    this.store = store;
    this.cache = store.cache();
    this.map = replica.content().map();
    this.first = first;
    this.end = end;
    this.version = version;
    this.done = done;
    this.turn = replica.turns().take();
  }

  void start() {
    looked = map.maybeAbove(first, end, version - 1);
    outstanding = looked.size() + 1;
    for (VolumeMap.Range part : looked) {
      cache.hold(map, part.first(), part.end(), Need.READ, Version.NONE, this::held);
    }
    cache.hold(map, first, end, Need.ASSIGN, version, this::held);
  }

  private void held(Hold hold) {
    if (hold == null) {
      failed = true;
    } else {
      holds.add(hold);
    }
    if (--outstanding == 0) {
      turn.ready(this::act);
    }
  }

  private boolean act() {
    if (failed) {
      holds.forEach(Hold::release);
      store.appendEntries(replica, List.of(), null, done);
      return true;
    }
    if (!looked.containsAll(map.maybeAbove(first, end, version - 1))) {
      holds.forEach(Hold::release); // something newer was applied meanwhile
      holds.clear();
      start();
      return false;
    }
    List<LogEntry> entries = replica.rangeEntries(first, end, version);
    store.appendEntries(replica, entries, Hold.of(holds), done);
    return true;
  }
}
