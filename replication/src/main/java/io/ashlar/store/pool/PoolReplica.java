package io.ashlar.store.pool;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Spread;
import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * A replica whose shards lie on several disks: hands every operation to the parts that it is about.
 * {@link PoolMeta} keeps its state, {@link Layout} knows which disk has what, {@link Placing} gives
 * shards their first place and {@link ShardMove} another one. Loop thread only.
 */
public final class PoolReplica implements ReplicaStore {
  private final DiskPool pool;
  private final Map<PoolDisk, LogReplica> parts;
  private final Settling settling;
  private final PoolMeta state;
  private final Layout layout = new Layout();
  private final Promises promises = new Promises(layout::needs);
  private final Placing placing;
  private final WritesUnderWay writes = new WritesUnderWay();
  private boolean settled;
  private int damagedTurn;

  /**
   * @param found its parts on the disks that are there
   * @param stayed ids of the disks that were in use until now without a break
   */
  PoolReplica(DiskPool pool, Map<PoolDisk, LogReplica> found, List<Long> stayed) {
    this.pool = pool;
    this.parts = new LinkedHashMap<>(found);
    this.settling = new Settling(pool, parts, stayed);
    this.settled = !settling.isNeeded();
    this.state = new PoolMeta(pool, parts, settling.meta(), settled, this::changed);
    this.placing = new Placing(pool, state, layout, this::candidates, this::vouch);
    parts.forEach(promises::add);
    changed();
  }

  /** The part that knows best; parts of another incarnation are older ones. */
  static LogReplica newest(Collection<LogReplica> parts) {
    return parts.stream()
        .max(Comparator.comparingLong(part -> part.meta().spread().sequence()))
        .orElseThrow();
  }

  private void changed() {
    layout.update(state.durable().spread(), parts.keySet());
  }

  // ---- the disks

  /** Makes the replica the same on all disks, then tells. */
  void settle(Callback done) {
    settling.run(
        state,
        result -> {
          settled = true;
          parts.keySet().forEach(promises::remove);
          parts.forEach(promises::add);
          changed();
          done.done(result);
        });
  }

  /** The replica gets its state on a disk that is new in the pool. */
  void diskCame(PoolDisk disk, Callback done) {
    pool.createPart(
        disk,
        state.durable(),
        result -> {
          if (result == Result.OK && !disk.isGone()) {
            parts.put(disk, disk.store().replica(meta().volume()).orElseThrow());
            promises.add(disk, parts.get(disk));
            state.change(old -> old, done);
          } else {
            done.done(result);
          }
        });
  }

  /** Whether it had shards there. */
  boolean diskGone(PoolDisk disk) {
    if (parts.remove(disk) == null) {
      return false;
    }
    promises.remove(disk);
    boolean had = shardsOn(disk) > 0;
    changed();
    layout.move().filter(move -> move.involves(disk)).ifPresent(move -> move.giveUp(Result.GONE));
    return had;
  }

  /** Whether it has shards there, or one is on its way there. */
  boolean needs(PoolDisk disk) {
    return layout.needs(disk);
  }

  int shardsOn(PoolDisk disk) {
    return layout.spread().countOn(disk.id());
  }

  /** Disks that may get a shard now. */
  List<PoolDisk> candidates() {
    return promises.candidates().stream().filter(disk -> !disk.isDraining()).toList();
  }

  Spread spread() {
    return layout.spread();
  }

  void respread(UnaryOperator<Spread> step, Callback done) {
    state.spread(step, done);
  }

  LogReplica partOn(PoolDisk disk) {
    return parts.get(disk);
  }

  /** The part with this block; null if it is nowhere yet or gone. */
  public LogReplica partOf(long block) {
    PoolDisk disk = layout.diskOf(block);
    return disk == null ? null : parts.get(disk);
  }

  // ---- moving shards

  /**
   * Moves one of its shards from a disk to another one, in use; one at a time.
   *
   * @param done OK: one is moved, or there was none. NO_SPACE: nothing has room for it. GONE: try
   *     again later
   */
  void moveOne(PoolDisk from, Callback done) {
    OptionalInt shard = layout.spread().firstOn(from.id());
    if (shard.isEmpty()) {
      Result result = needs(from) ? Result.GONE : Result.OK; // one is on its way there
      pool.later(() -> done.done(result));
      return;
    }
    boolean mayMove = layout.move().isEmpty() && settled && meta().incomplete().isEmpty();
    Optional<PoolDisk> to = mayMove ? pool.emptiest(candidates()).next() : Optional.empty();
    if (to.isEmpty()) {
      pool.later(() -> done.done(mayMove ? Result.NO_SPACE : Result.GONE));
      return;
    }
    ShardMove move = new ShardMove(pool, this, shard.getAsInt(), from, to.get(), done);
    layout.move(Optional.of(move));
    move.start();
  }

  /** Its parts take nothing any more. */
  void deleted() {
    layout.move().ifPresent(ShardMove::cancel);
  }

  void moveEnded() {
    layout.move(Optional.empty());
    placing.pump();
  }

  /** Runs the task once every write that has begun is over. */
  void afterWrites(Runnable task) {
    writes.afterThese(task);
  }

  // ---- handing on

  private interface PieceWrite {
    void at(LogReplica part, Stretch stretch, Callback told);
  }

  /**
   * A write to the parts that have the range.
   *
   * @param handedOn runs when every part has been asked
   */
  private void write(long first, long end, Callback done, PieceWrite operation, Runnable handedOn) {
    placing.whenPlaced(
        first,
        end,
        writes.begin(done),
        told -> {
          List<Stretch> stretches = layout.stretches(first, end);
          Gather all = new Gather(stretches.size() + 1, told);
          for (Stretch stretch : stretches) {
            writeOn(stretch, operation, all);
          }
          handedOn.run();
          all.done(Result.OK);
        });
  }

  /** While a shard moves a write counts only on both disks: nobody knows which one will be it. */
  private void writeOn(Stretch stretch, PieceWrite operation, Gather all) {
    if (stretch.mirror() != null) {
      all.oneMore();
      writeOn(stretch, stretch.mirror(), operation, all);
    }
    writeOn(stretch, stretch.disk(), operation, all);
  }

  private void writeOn(Stretch stretch, PoolDisk disk, PieceWrite operation, Gather all) {
    if (disk == null || !parts.containsKey(disk)) {
      pool.later(() -> all.done(gone()));
    } else {
      operation.at(parts.get(disk), stretch, seenOn(disk, all));
    }
  }

  private Callback seenOn(PoolDisk disk, Callback done) {
    return result -> done.done(pool.seen(disk, result));
  }

  private Result gone() {
    return pool.failed() ? Result.FAILED : Result.GONE;
  }

  /** Asks all parts, those without shards too. */
  private void onAll(BiConsumer<LogReplica, Callback> operation, Callback done) {
    Gather all = new Gather(parts.size() + 1, done);
    new LinkedHashMap<>(parts).forEach((disk, part) -> operation.accept(part, seenOn(disk, all)));
    pool.later(() -> all.done(pool.failed() ? Result.FAILED : Result.OK));
  }

  // ---- state

  @Override
  public ReplicaMeta meta() {
    return state.durable();
  }

  @Override
  public boolean isSettled() {
    return settled;
  }

  @Override
  public boolean isComplete() {
    return layout.isComplete();
  }

  @Override
  public List<long[]> fresh() {
    return layout.spread().fresh();
  }

  @Override
  public void persistMeta(ReplicaMeta next, Callback done) {
    state.persist(next, done);
  }

  @Override
  public void noteProgress(long watermark, long durableVersion) {
    parts.values().forEach(part -> part.noteProgress(watermark, durableVersion));
  }

  @Override
  public boolean reserve(int blocks) {
    return promises.reserve(blocks);
  }

  @Override
  public void unreserve(int blocks) {
    promises.unreserve(blocks);
  }

  // ---- writes

  @Override
  public void applyIfNewer(BlockRun run, boolean reserved, Callback done) {
    write(
        run.firstBlock(),
        run.endBlock(),
        done,
        (part, stretch, told) ->
            part.applyIfNewer(Runs.part(run, stretch.first(), stretch.end()), reserved, told),
        () -> {
          if (reserved) {
            useUp(run);
          }
          run.release();
        });
  }

  /** Disks that were asked give it back themselves. */
  private void useUp(BlockRun run) {
    for (Stretch stretch : layout.stretches(run.firstBlock(), run.endBlock())) {
      promises.use(stretch, dataBlocks(run, stretch));
    }
  }

  private static int dataBlocks(BlockRun run, Stretch stretch) {
    int count = 0;
    for (long block = stretch.first(); block < stretch.end(); block++) {
      count += run.kinds()[(int) (block - run.firstBlock())] == BlockKind.DATA ? 1 : 0;
    }
    return count;
  }

  @Override
  public void applyRangeIfNewer(long firstBlock, long blocks, long version, Callback done) {
    write(
        firstBlock,
        firstBlock + blocks,
        done,
        (part, stretch, told) ->
            part.applyRangeIfNewer(stretch.first(), stretch.end() - stretch.first(), version, told),
        () -> {});
  }

  @Override
  public void replace(BlockRun run, long keepFrom, Callback done) {
    layout.move().ifPresent(move -> move.giveUp(Result.GONE));
    write(
        run.firstBlock(),
        run.endBlock(),
        done,
        (part, stretch, told) ->
            part.replace(Runs.part(run, stretch.first(), stretch.end()), keepFrom, told),
        run::release);
  }

  @Override
  public void repair(BlockRun run, Callback done) {
    write(
        run.firstBlock(),
        run.endBlock(),
        done,
        (part, stretch, told) -> part.repair(Runs.part(run, stretch.first(), stretch.end()), told),
        run::release);
  }

  @Override
  public void raiseExtents(long[] extents, long[] versions, Callback done) {
    if (extents.length == 0) {
      pool.later(() -> done.done(Result.OK));
      return;
    }
    write(
        extents[0] << EXTENT_SHIFT,
        (extents[extents.length - 1] + 1) << EXTENT_SHIFT,
        done,
        (part, stretch, told) -> raise(part, stretch, extents, versions, told),
        () -> {});
  }

  private static void raise(
      LogReplica part, Stretch stretch, long[] extents, long[] versions, Callback told) {
    List<Integer> mine = new ArrayList<>();
    for (int i = 0; i < extents.length; i++) {
      long block = extents[i] << EXTENT_SHIFT;
      if (block >= stretch.first() && block < stretch.end()) {
        mine.add(i);
      }
    }
    part.raiseExtents(
        mine.stream().mapToLong(i -> extents[i]).toArray(),
        mine.stream().mapToLong(i -> versions[i]).toArray(),
        told);
  }

  @Override
  public void dropTombstones(long upToVersion) {
    parts.values().forEach(part -> part.dropTombstones(upToVersion));
  }

  /** What was applied on a disk that is gone is not durable, whoever syncs the others. */
  @Override
  public void sync(Callback done) {
    onAll(
        LogReplica::sync,
        result -> done.done(result == Result.OK && !isComplete() ? Result.GONE : result));
  }

  @Override
  public void vouch(Callback done) {
    onAll(LogReplica::vouch, done);
  }

  // ---- reads

  private interface Look {
    void at(LogReplica part, long firstBlock, int count, ReadCallback done);
  }

  @Override
  public void read(long firstBlock, int count, ReadCallback done) {
    look(firstBlock, count, LogReplica::read, done);
  }

  @Override
  public void peek(long firstBlock, int count, ReadCallback done) {
    look(firstBlock, count, LogReplica::peek, done);
  }

  private void look(long firstBlock, int count, Look look, ReadCallback done) {
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
          parts.get(stretch.disk()),
          stretch.first(),
          stretch.count(),
          (result, run) -> done.done(pool.seen(stretch.disk(), result), run));
    } else if (stretch.placed()) {
      pool.later(() -> done.done(gone(), null));
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
  @Override
  public void above(long version, TailCallback done) {
    List<TailEntry> tail = new ArrayList<>();
    onAll(
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
      if (parts.get(stretch.disk()) == part) {
        long later = entry.tombstone() ? 0 : stretch.first() - entry.firstBlock();
        tail.add(
            new TailEntry(
                stretch.first(), stretch.count(), entry.version() + later, entry.tombstone()));
      }
    }
  }

  @Override
  public long highestVersion() {
    long highest = 0;
    for (LogReplica part : parts.values()) {
      highest = Math.max(highest, part.highestVersion());
    }
    return highest;
  }

  /** Extents of shards that were elsewhere before may be told of; that costs only another look. */
  @Override
  public void extentsAbove(long version, long fromExtent, int limit, ExtentsCallback done) {
    TreeMap<Long, Long> found = new TreeMap<>();
    onAll(
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
  @Override
  public OptionalLong damagedExtent() {
    List<LogReplica> all = List.copyOf(parts.values());
    for (int i = 0; i < all.size(); i++) {
      OptionalLong found = all.get(Math.floorMod(damagedTurn++, all.size())).damagedExtent();
      if (found.isPresent()) {
        return found;
      }
    }
    return OptionalLong.empty();
  }

  /** What is moving counts twice. */
  @Override
  public long mappedBlocks() {
    return parts.values().stream().mapToLong(LogReplica::mappedBlocks).sum();
  }
}
