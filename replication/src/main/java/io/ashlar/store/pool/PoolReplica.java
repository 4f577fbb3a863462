package io.ashlar.store.pool;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
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
import java.util.function.UnaryOperator;

/**
 * A replica whose shards lie on several disks: hands every operation to the parts that it is about.
 * {@link PoolMeta} keeps its state, {@link Layout} knows which disk has what, {@link Placing} gives
 * shards their first place and {@link ShardMove} another one. Loop thread only.
 */
public final class PoolReplica implements ReplicaStore {
  private final DiskPool pool;
  private final Parts parts;
  private final Settling settling;
  private final PoolMeta state;
  private final Layout layout = new Layout();
  private final PoolReads reads;
  private final Promises promises = new Promises(layout::needs);
  private final Placing placing;
  private final WritesUnderWay writes = new WritesUnderWay();
  private boolean settled;

  /**
   * @param found its parts on the disks that are there
   * @param stayed ids of the disks that were in use until now without a break
   */
  PoolReplica(DiskPool pool, Map<PoolDisk, LogReplica> found, List<Long> stayed) {
    this.pool = pool;
    Map<PoolDisk, LogReplica> byDisk = new LinkedHashMap<>(found);
    this.parts = new Parts(pool, byDisk);
    this.reads = new PoolReads(pool, parts, layout);
    this.settling = new Settling(pool, byDisk, stayed);
    this.settled = !settling.isNeeded();
    this.state = new PoolMeta(pool, byDisk, settling.meta(), settled, this::changed);
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
    layout.update(state.durable().spread(), parts.disks());
  }

  // ---- the disks

  /** Makes the replica the same on all disks, then tells. */
  void settle(Callback done) {
    settling.run(
        state,
        result -> {
          settled = true;
          parts.disks().forEach(promises::remove);
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
            promises.add(disk, parts.on(disk));
            state.change(old -> old, done);
          } else {
            done.done(result);
          }
        });
  }

  /** Whether it had shards there. */
  boolean diskGone(PoolDisk disk) {
    if (!parts.remove(disk)) {
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
    return parts.on(disk);
  }

  /** The part with this block; null if it is nowhere yet or gone. */
  public LogReplica partOf(long block) {
    PoolDisk disk = layout.diskOf(block);
    return disk == null ? null : parts.on(disk);
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
    if (disk == null || !parts.has(disk)) {
      pool.later(() -> all.done(parts.gone()));
    } else {
      operation.at(parts.on(disk), stretch, parts.seenOn(disk, all));
    }
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
    parts.all().forEach(part -> part.noteProgress(watermark, durableVersion));
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
    parts.all().forEach(part -> part.dropTombstones(upToVersion));
  }

  /** What was applied on a disk that is gone is not durable, whoever syncs the others. */
  @Override
  public void sync(Callback done) {
    parts.onAll(
        LogReplica::sync,
        result -> done.done(result == Result.OK && !isComplete() ? Result.GONE : result));
  }

  @Override
  public void vouch(Callback done) {
    parts.onAll(LogReplica::vouch, done);
  }

  // ---- reads

  @Override
  public void read(long firstBlock, int count, ReadCallback done) {
    reads.look(firstBlock, count, LogReplica::read, done);
  }

  @Override
  public void peek(long firstBlock, int count, ReadCallback done) {
    reads.look(firstBlock, count, LogReplica::peek, done);
  }

  @Override
  public void above(long version, TailCallback done) {
    reads.above(version, done);
  }

  @Override
  public long highestVersion() {
    return reads.highestVersion();
  }

  @Override
  public void extentsAbove(long version, long fromExtent, int limit, ExtentsCallback done) {
    reads.extentsAbove(version, fromExtent, limit, done);
  }

  @Override
  public OptionalLong damagedExtent() {
    return reads.damagedExtent();
  }

  @Override
  public long mappedBlocks() {
    return reads.mappedBlocks();
  }

  @Override
  public long storedBytes() {
    return reads.storedBytes();
  }
}
