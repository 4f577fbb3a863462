package io.ashlar.store.pool;

import io.ashlar.model.Spread;
import io.ashlar.store.ReplicaStore.Callback;
import io.ashlar.store.ReplicaStore.Result;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Writes about shards that are nowhere yet: each waits until its shards have a place, which is
 * durable. What is about other shards does not wait. Loop thread only.
 */
final class Placing {
  private record Waiting(long first, long end, Runnable write) {
    boolean overlaps(long itsFirst, long itsEnd) {
      return itsFirst < end && first < itsEnd;
    }
  }

  private final DiskPool pool;
  private final PoolMeta state;
  private final Layout layout;
  private final Supplier<List<PoolDisk>> candidates;
  private final Consumer<Callback> vouch;

  /** In order; the first one's shards are being placed. */
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  private boolean placing;

  /**
   * @param candidates disks that may get a shard now
   * @param vouch makes what is in the logs known for being there
   */
  Placing(
      DiskPool pool,
      PoolMeta state,
      Layout layout,
      Supplier<List<PoolDisk>> candidates,
      Consumer<Callback> vouch) {
    this.pool = pool;
    this.state = state;
    this.layout = layout;
    this.candidates = candidates;
    this.vouch = vouch;
  }

  /**
   * Runs the write once all its shards have a place; in order with those that wait for that. What
   * came after it and did not wait is before it in its disk's log, so that a log without its end
   * would not show it: it is vouched for.
   */
  void whenPlaced(long first, long end, Callback done, Consumer<Callback> write) {
    boolean mayPass =
        waiting.isEmpty() || waiting.stream().noneMatch(each -> each.overlaps(first, end));
    if (mayPass && layout.isPlaced(first, end)) {
      write.accept(done);
    } else {
      waiting.add(new Waiting(first, end, () -> write.accept(result -> late(result, done))));
      pump();
    }
  }

  private void late(Result result, Callback done) {
    if (result == Result.OK) {
      vouch.accept(done);
    } else {
      done.done(result);
    }
  }

  /** What waits may go on. */
  void pump() {
    while (!placing && !waiting.isEmpty()) {
      Waiting next = waiting.peek();
      if (layout.isMoving(next.first, next.end)) {
        return; // some disk may still drop what it has of the shard
      }
      if (layout.isPlaced(next.first, next.end)) {
        waiting.poll().write.run();
      } else {
        placing = true;
        state.spread(old -> place(old.naming(pool.diskIds()), next), ignored -> placed());
      }
    }
  }

  private Spread place(Spread old, Waiting what) {
    Emptiest emptiest = pool.emptiest(candidates.get());
    Spread next = old;
    for (int shard = old.shardOf(what.first); shard <= old.shardOf(what.end - 1); shard++) {
      Optional<PoolDisk> disk = next.isPlaced(shard) ? Optional.empty() : emptiest.next();
      next = disk.isEmpty() ? next : next.placed(shard, disk.get().id());
    }
    return next;
  }

  /** If no disk could be had for it, the write finds that out for itself. */
  private void placed() {
    placing = false;
    waiting.poll().write.run();
    pump();
  }
}
