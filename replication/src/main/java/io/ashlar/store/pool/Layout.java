package io.ashlar.store.pool;

import io.ashlar.model.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Which disk to ask about a block, as of the durable spread. Loop thread only. */
final class Layout {
  private Spread spread = Spread.NONE;

  /** By the number of the disk in the spread; null where it is not there. */
  private PoolDisk[] bySlot = {};

  private boolean complete;
  private Optional<ShardMove> move = Optional.empty();

  /** The spread or the disks that are there have changed. */
  void update(Spread next, Set<PoolDisk> there) {
    spread = next;
    bySlot = new PoolDisk[spread.disks().size()];
    for (PoolDisk disk : there) {
      int slot = spread.disks().indexOf(disk.id());
      if (slot >= 0) {
        bySlot[slot] = disk;
      }
    }
    complete = spread.isComplete(id -> there.stream().anyMatch(disk -> disk.id() == id));
  }

  void move(Optional<ShardMove> next) {
    move = next;
  }

  Optional<ShardMove> move() {
    return move;
  }

  Spread spread() {
    return spread;
  }

  /** Whether every placed shard is on a disk that is there. */
  boolean isComplete() {
    return complete;
  }

  /** Until a move is over, the old disk may still be the one that has the shard. */
  boolean needs(PoolDisk disk) {
    return spread.countOn(disk.id()) > 0 || move.filter(it -> it.involves(disk)).isPresent();
  }

  /** Null if the block is nowhere, or its disk is gone. */
  PoolDisk diskOf(long block) {
    int slot = spread.slot(spread.shardOf(block));
    return slot < 0 ? null : bySlot[slot];
  }

  /** Whether one of these shards is on its way from one disk to another. */
  boolean isMoving(long first, long end) {
    return move.filter(
            it -> it.shard() >= spread.shardOf(first) && it.shard() <= spread.shardOf(end - 1))
        .isPresent();
  }

  boolean isPlaced(long first, long end) {
    for (int shard = spread.shardOf(first); shard <= spread.shardOf(end - 1); shard++) {
      if (!spread.isPlaced(shard)) {
        return false;
      }
    }
    return true;
  }

  /** The range in stretches, ascending; nearly always one. */
  List<Stretch> stretches(long first, long end) {
    int shard = spread.shardOf(first);
    if (end <= spread.endBlock(shard)) {
      return List.of(stretch(shard, first, end));
    }
    List<Stretch> all = new ArrayList<>();
    for (long at = first; at < end; shard++) {
      long until = Math.min(end, spread.endBlock(shard));
      Stretch next = stretch(shard, at, until);
      if (!all.isEmpty() && all.getLast().goesOnWith(next)) {
        all.set(all.size() - 1, all.getLast().with(next));
      } else {
        all.add(next);
      }
      at = until;
    }
    return all;
  }

  private Stretch stretch(int shard, long first, long end) {
    int slot = spread.slot(shard);
    PoolDisk disk = slot < 0 ? null : bySlot[slot];
    boolean mirrored = move.isPresent() && move.get().mirrors(shard, disk);
    PoolDisk mirror = mirrored ? move.get().to() : null;
    return new Stretch(first, end, spread.isPlaced(shard), disk, mirror);
  }
}
