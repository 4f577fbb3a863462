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
 * whole nodes is nothing, and then says what is not newer. If there is much to look into, it does
 * so part by part, so that a range of any size fits into any memory. Loop thread only.
 */
final class RangeWrite {
  /** Nodes above leaves that are looked into at once. */
  private static final int LOOKED_MAX = 2;

  private final LogReplica replica;
  private final LogStore store;
  private final MapCache cache;
  private final VolumeMap map;
  private final long end;
  private final long version;
  private final ReplicaStore.Callback done;
  private final List<Hold> holds = new ArrayList<>();
  private final Turns.Turn turn;
  private List<VolumeMap.Range> looked = List.of();
  private long first;
  private long partEnd;
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
    partEnd = end;
    if (looked.size() > LOOKED_MAX) {
      partEnd = looked.get(LOOKED_MAX).first();
      looked = looked.subList(0, LOOKED_MAX);
    }
    outstanding = looked.size() + 1;
    for (VolumeMap.Range part : looked) {
      cache.hold(map, part.first(), part.end(), Need.READ, Version.NONE, this::held);
    }
    cache.hold(map, first, partEnd, Need.ASSIGN, version, this::held);
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
    if (!looked.containsAll(map.maybeAbove(first, partEnd, version - 1))) {
      holds.forEach(Hold::release); // something newer was applied meanwhile
      holds.clear();
      start();
      return false;
    }
    List<LogEntry> entries = replica.rangeEntries(first, partEnd, version);
    boolean last = partEnd == end;
    store.appendEntries(replica, entries, Hold.of(holds), last ? done : ignored -> {});
    if (!last) {
      holds.clear();
      first = partEnd;
      start(); // a part that failed makes the last one fail too
    }
    return last;
  }
}
