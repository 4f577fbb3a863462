package io.ashlar.store.pool;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Spread;
import io.ashlar.model.Version;
import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore.Callback;
import io.ashlar.store.ReplicaStore.ExtentVersions;
import io.ashlar.store.ReplicaStore.Result;

/**
 * One shard of a replica on its way to another disk, in use. Loop thread only.
 *
 * <pre>
 * MIRRORING  every write goes to both disks; waits until all that went to one alone are applied
 * COPYING    extent by extent, what the old disk has and the new one has nothing newer of
 * SWITCHING  the new disk is synced, then the spread names it, on all disks
 * DROPPING   what the loser has of the shard goes: the old disk, or the new one if it was given up
 * DONE
 * </pre>
 *
 * A crash before the spread is durable leaves the shard where it was; the next start drops the
 * rest. A resync, which may replace newer by older, ends it: the copy could not tell.
 */
final class ShardMove {
  private enum State {
    MIRRORING,
    COPYING,
    SWITCHING,
    DROPPING,
    DONE
  }

  private final DiskPool pool;
  private final PoolReplica replica;
  private final int shard;
  private final PoolDisk from;
  private final PoolDisk to;
  private final LogReplica source;
  private final LogReplica target;
  private final long firstBlock;
  private final long endBlock;
  private final Callback done;
  private State state = State.MIRRORING;
  private Result outcome = Result.OK;

  /**
   * @param done OK: it is there. NO_SPACE: there is no room. GONE: given up for now, try again
   */
  ShardMove(
      DiskPool pool, PoolReplica replica, int shard, PoolDisk from, PoolDisk to, Callback done) {
    this.pool = pool;
    this.replica = replica;
    this.shard = shard;
    this.from = from;
    this.to = to;
    this.source = replica.partOn(from);
    this.target = replica.partOn(to);
    this.firstBlock = replica.spread().firstBlock(shard);
    this.endBlock = replica.spread().endBlock(shard);
    this.done = done;
  }

  /** Everything is mirrored from now on. */
  void start() {
    replica.afterWrites(
        () -> {
          if (state == State.MIRRORING) {
            state = State.COPYING;
            copyFrom(firstBlock >>> EXTENT_SHIFT);
          }
        });
  }

  PoolDisk to() {
    return to;
  }

  int shard() {
    return shard;
  }

  boolean involves(PoolDisk disk) {
    return disk == from || disk == to;
  }

  /** Whether a write to this shard on this disk has to go to the new one too. */
  boolean mirrors(int its, PoolDisk disk) {
    return its == shard && disk == from && isUnderWay();
  }

  private boolean isUnderWay() {
    return state == State.MIRRORING || state == State.COPYING || state == State.SWITCHING;
  }

  /** The copy cannot be completed; while the spread is being changed it is complete already. */
  void giveUp(Result reason) {
    if (state == State.MIRRORING || state == State.COPYING) {
      outcome = reason;
      drop(target, to);
    }
  }

  /** The replica is being deleted: there is nothing to move, and nothing to drop. */
  void cancel() {
    if (state != State.DONE) {
      outcome = Result.GONE;
      ended();
    }
  }

  private void copyFrom(long extent) {
    if (state != State.COPYING) {
      return;
    }
    source.extentsAbove(Version.NONE, extent, 1, this::found);
  }

  private void found(Result result, ExtentVersions next) {
    if (state != State.COPYING) {
      return;
    }
    if (pool.seen(from, result) != Result.OK) {
      giveUp(Result.GONE);
    } else if (next.extents().length == 0 || next.extents()[0] << EXTENT_SHIFT >= endBlock) {
      switchOver();
    } else {
      long extent = next.extents()[0];
      source.read(
          extent << EXTENT_SHIFT,
          EXTENT_BLOCKS,
          (read, run) -> copy(extent, next.versions()[0], read, run));
    }
  }

  private void copy(long extent, long version, Result result, BlockRun run) {
    boolean good = pool.seen(from, result) == Result.OK;
    if (state != State.COPYING || !good || run.has(BlockKind.CORRUPT)) {
      if (run != null) {
        run.release();
      }
      if (state == State.COPYING) {
        giveUp(Result.GONE); // another copy makes a damaged block good, if there is one
      }
      return;
    }
    target.applyIfNewer(
        run,
        false,
        applied -> {
          if (state != State.COPYING) {
            pool.seen(to, applied);
          } else if (pool.seen(to, applied) == Result.OK) {
            target.raiseExtents(
                new long[] {extent}, new long[] {version}, raised -> copied(extent, raised));
          } else {
            giveUp(applied == Result.NO_SPACE ? Result.NO_SPACE : Result.GONE);
          }
        });
  }

  private void copied(long extent, Result result) {
    if (pool.seen(to, result) == Result.OK) {
      copyFrom(extent + 1);
    } else if (state == State.COPYING) {
      giveUp(Result.GONE);
    }
  }

  private void switchOver() {
    target.sync(
        synced -> {
          if (state != State.COPYING) {
            return;
          }
          if (pool.seen(to, synced) != Result.OK) {
            giveUp(Result.GONE);
            return;
          }
          state = State.SWITCHING;
          replica.respread(old -> mayPlace(old) ? old.placed(shard, to.id()) : old, this::switched);
        });
  }

  /** The change has its turn only now. */
  private boolean mayPlace(Spread old) {
    return old.isOn(shard, from.id()) && !to.isGone() && old.disks().contains(to.id());
  }

  /** The old disk may have failed too: then nobody has the shard. */
  private boolean mayGoBack(Spread old) {
    return old.isOn(shard, to.id()) && !from.isGone() && old.disks().contains(from.id());
  }

  private void switched(Result result) {
    if (state != State.SWITCHING) {
      return;
    }
    boolean there = result == Result.OK && replica.spread().isOn(shard, to.id());
    outcome = there && !to.isGone() ? Result.OK : Result.GONE;
    if (there && to.isGone()) {
      // The old disk still has all of it: nothing that went to the new one alone was answered.
      replica.respread(
          old -> mayGoBack(old) ? old.placed(shard, from.id()) : old, ignored -> ended());
    } else if (there) {
      drop(source, from);
    } else {
      drop(target, to);
    }
  }

  private void drop(LogReplica loser, PoolDisk its) {
    state = State.DROPPING;
    if (its.isGone()) {
      pool.later(this::ended);
    } else {
      loser.drop(
          firstBlock,
          endBlock,
          result -> {
            pool.seen(its, result);
            ended();
          });
    }
  }

  private void ended() {
    if (state == State.DONE) {
      return;
    }
    state = State.DONE;
    replica.moveEnded();
    done.done(outcome);
  }
}
