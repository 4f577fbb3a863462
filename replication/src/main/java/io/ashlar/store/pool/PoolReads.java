package io.ashlar.store.pool;

import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore.ExtentVersions;
import io.ashlar.store.ReplicaStore.ExtentsCallback;
import io.ashlar.store.ReplicaStore.ReadCallback;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.ReplicaStore.TailCallback;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Questions to a replica on several disks: asked of its parts, and the answers put together. Loop
 * thread only.
 */
final class PoolReads {
  /** A question about blocks of one part. */
  interface Look {
    void at(LogReplica part, long firstBlock, int count, ReadCallback done);
  }

  private final DiskPool pool;
  private final Parts parts;
  private final Layout layout;
  private int damagedTurn;

  PoolReads(DiskPool pool, Parts parts, Layout layout) {
    this.pool = pool;
    this.parts = parts;
    this.layout = layout;
  }

  void look(long firstBlock, int count, Look look, ReadCallback done) {
    List<Stretch> stretches = layout.stretches(firstBlock, firstBlock + count);
    if (stretches.size() == 1) {
      lookAt(stretches.getFirst(), look, done);
      return;
    }
    BlockRun[] found = new BlockRun[stretches.size()];
    Gather all = new Gather(stretches.size(), result -> looked(result, found, done));
    for (int i = 0; i < found.length; i++) {
      int index = i;
      lookAt(
          stretches.get(i),
          look,
          (result, run) -> {
            found[index] = run;
            all.done(result);
          });
    }
  }

  private void lookAt(Stretch stretch, Look look, ReadCallback done) {
    if (stretch.disk() != null) {
      look.at(
          parts.on(stretch.disk()),
          stretch.first(),
          stretch.count(),
          (result, run) -> done.done(pool.seen(stretch.disk(), result), run));
    } else if (stretch.placed()) {
      pool.later(() -> done.done(parts.gone(), null));
    } else {
      pool.later(() -> done.done(Result.OK, Runs.unmapped(stretch.first(), stretch.count())));
    }
  }

  private void looked(Result result, BlockRun[] found, ReadCallback done) {
    if (result != Result.OK) {
      for (BlockRun run : found) {
        if (run != null) {
          run.release();
        }
      }
      done.done(result, null);
      return;
    }
    BlockRun whole = found[0];
    for (int i = 1; i < found.length; i++) {
      whole = Runs.join(whole, found[i], pool.payloads());
    }
    done.done(Result.OK, whole);
  }

  /** Of a replica that is not complete: of what is there. */
  void above(long version, TailCallback done) {
    List<TailEntry> tail = new ArrayList<>();
    parts.onAll(
        (part, told) ->
            part.above(
                version,
                (result, found) -> {
                  found.forEach(entry -> addOwn(part, entry, tail));
                  told.done(result);
                }),
        result -> {
          tail.sort(Comparator.comparingLong(TailEntry::firstBlock));
          done.done(result == Result.GONE ? Result.OK : result, tail);
        });
  }

  /** Without what is moving there, or was left by a move. */
  private void addOwn(LogReplica part, TailEntry entry, List<TailEntry> tail) {
    for (Stretch stretch : layout.stretches(entry.firstBlock(), entry.endBlock())) {
      if (parts.on(stretch.disk()) == part) {
        long later = entry.tombstone() ? 0 : stretch.first() - entry.firstBlock();
        tail.add(
            new TailEntry(
                stretch.first(), stretch.count(), entry.version() + later, entry.tombstone()));
      }
    }
  }

  long highestVersion() {
    long highest = 0;
    for (LogReplica part : parts.all()) {
      highest = Math.max(highest, part.highestVersion());
    }
    return highest;
  }

  /** Extents of shards that were elsewhere before may be told of; that costs only another look. */
  void extentsAbove(long version, long fromExtent, int limit, ExtentsCallback done) {
    TreeMap<Long, Long> found = new TreeMap<>();
    parts.onAll(
        (part, told) ->
            part.extentsAbove(
                version,
                fromExtent,
                limit,
                (result, some) -> {
                  for (int i = 0; some != null && i < some.extents().length; i++) {
                    found.merge(some.extents()[i], some.versions()[i], Math::max);
                  }
                  told.done(result);
                }),
        result -> {
          boolean good = result == Result.OK || result == Result.GONE;
          done.done(good ? Result.OK : result, good ? first(limit, found) : null);
        });
  }

  /** Each part told its first ones, so the first ones of all are among them. */
  private static ExtentVersions first(int limit, Map<Long, Long> found) {
    return new ExtentVersions(
        found.keySet().stream().limit(limit).mapToLong(Long::longValue).toArray(),
        found.values().stream().limit(limit).mapToLong(Long::longValue).toArray());
  }

  /** In turn, so that one disk's do not keep those of another out. */
  OptionalLong damagedExtent() {
    List<LogReplica> all = List.copyOf(parts.all());
    for (int i = 0; i < all.size(); i++) {
      OptionalLong found = all.get(Math.floorMod(damagedTurn++, all.size())).damagedExtent();
      if (found.isPresent()) {
        return found;
      }
    }
    return OptionalLong.empty();
  }

  /** What is moving counts twice. */
  long mappedBlocks() {
    return parts.all().stream().mapToLong(LogReplica::mappedBlocks).sum();
  }

  /** The same. */
  long storedBytes() {
    return parts.all().stream().mapToLong(LogReplica::storedBytes).sum();
  }
}
