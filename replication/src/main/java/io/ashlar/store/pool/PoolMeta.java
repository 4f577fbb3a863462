package io.ashlar.store.pool;

import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaMeta.Incomplete;
import io.ashlar.model.Spread;
import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore.Callback;
import io.ashlar.store.ReplicaStore.Result;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The small state of a replica, and with it its {@link Spread}, on every disk of the pool: one
 * change after the other, each with a higher sequence, and durable once every disk that is there
 * has it and the roster names no other one. Loop thread only.
 */
final class PoolMeta {
  private record Change(UnaryOperator<ReplicaMeta> step, Callback done) {}

  private final DiskPool pool;
  private final Map<PoolDisk, LogReplica> parts;
  private final Runnable changed;
  private final ArrayDeque<Change> changes = new ArrayDeque<>();
  private ReplicaMeta durable;
  private boolean held;
  private boolean writing;

  /**
   * @param parts the replica's parts on the disks that are there; its owner keeps it so
   * @param settled if not, every change waits for {@link #release}
   * @param changed told when another state has become durable, before whoever asked for it
   */
  PoolMeta(
      DiskPool pool,
      Map<PoolDisk, LogReplica> parts,
      ReplicaMeta found,
      boolean settled,
      Runnable changed) {
    this.pool = pool;
    this.held = !settled;
    this.parts = parts;
    this.durable = found;
    this.changed = changed;
  }

  ReplicaMeta durable() {
    return durable;
  }

  private boolean isThere(long disk) {
    return parts.keySet().stream().anyMatch(each -> each.id() == disk);
  }

  /** The replica's owner changes its state; where it lies is not the owner's business. */
  void persist(ReplicaMeta next, Callback done) {
    change(
        old -> {
          Optional<Incomplete> before = old.incomplete();
          Spread spread = old.spread();
          if (next.incomplete().isEmpty() && before.isPresent()) {
            spread = spread.settled();
          } else if (next.incomplete().isPresent() && !attempt(next).equals(attempt(old))) {
            spread = spread.refreshed(this::isThere);
          }
          return next.withSpread(spread);
        },
        done);
  }

  private static Optional<Long> attempt(ReplicaMeta meta) {
    return meta.incomplete().map(Incomplete::attempt);
  }

  /** Another spread of the same state. */
  void spread(UnaryOperator<Spread> step, Callback done) {
    change(old -> old.withSpread(step.apply(old.spread())), done);
  }

  /** The disks are ready for it: what was found goes to all of them, before anything else. */
  void release(Callback done) {
    held = false;
    changes.addFirst(new Change(old -> old, done));
    pump();
  }

  void change(UnaryOperator<ReplicaMeta> step, Callback done) {
    changes.add(new Change(step, done));
    pump();
  }

  private void pump() {
    if (held || writing || changes.isEmpty()) {
      return;
    }
    writing = true;
    Change change = changes.poll();
    ReplicaMeta next = change.step.apply(durable);
    long sequence = Math.max(next.spread().sequence(), pool.firstSequence()) + 1;
    ReplicaMeta full = next.withSpread(next.spread().naming(pool.diskIds()).withSequence(sequence));
    Gather written =
        new Gather(parts.size() + 1, ignored -> pool.whenRosterIsKept(() -> written(full, change)));
    // Map.copyOf would have another order in each process, and a seed would not repeat.
    for (Map.Entry<PoolDisk, LogReplica> part : new LinkedHashMap<>(parts).entrySet()) {
      part.getValue().persistMeta(full, result -> written.done(pool.seen(part.getKey(), result)));
    }
    pool.later(() -> written.done(Result.OK));
  }

  /** Disks that did not take it have failed, and are out of the roster. */
  private void written(ReplicaMeta full, Change change) {
    writing = false;
    if (parts.isEmpty()) {
      change.done.done(Result.FAILED);
    } else {
      durable = full;
      changed.run();
      change.done.done(Result.OK);
    }
    pump();
  }
}
