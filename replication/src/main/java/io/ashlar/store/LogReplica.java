package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Blocks;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Version;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache.Need;
import io.ashlar.store.map.NodeWord;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * One replica in the log: answers from its state, and turns operations into entries. Versions are
 * compared when an operation is queued, with what will be there once everything queued before it is
 * applied; so an entry that is in the log holds, whatever came of the versions around it.
 */
public final class LogReplica implements ReplicaStore {
  private static final long BLOCKS_MAX = Blocks.VOLUME_BYTES_MAX >>> Blocks.BLOCK_SHIFT;

  private final LogStore store;
  private final ReplicaContent content;
  private final PendingVersions pending = new PendingVersions();
  private final Turns turns = new Turns();
  private final Damages damages = new Damages(this::lookForDamage);
  private ReplicaMeta meta;
  private int reservedBlocks;
  private boolean deleted;
  private boolean dropped;

  LogReplica(LogStore store, ReplicaContent content, ReplicaMeta meta) {
    this.store = store;
    this.content = content;
    this.meta = meta;
  }

  ReplicaContent content() {
    return content;
  }

  Damages damages() {
    return damages;
  }

  /** Whether anything was ever written to these blocks, as far as whole extents tell. */
  public boolean holdsAnything(long firstBlock, long endBlock) {
    long extent = content.map().nextExtentAbove(Version.NONE, firstBlock >>> Blocks.EXTENT_SHIFT);
    return extent >= 0 && extent << Blocks.EXTENT_SHIFT < endBlock;
  }

  /** Makes these blocks, whole extents, as if never written. */
  public void drop(long firstBlock, long endBlock, Callback done) {
    new RangeDrop(this, store, firstBlock, endBlock, done).start();
  }

  private void lookForDamage(long extent) {
    long first = extent * EXTENT_BLOCKS;
    long end = (meta.sizeBytes() + Blocks.BLOCK_BYTES - 1) / Blocks.BLOCK_BYTES;
    int count = (int) Math.min(EXTENT_BLOCKS, end - first);
    if (count <= 0 || deleted) {
      store.answerLater(result -> damages.looked(extent, false));
      return;
    }
    read(
        first,
        count,
        (result, run) -> {
          boolean damaged = result == Result.OK && run.has(BlockKind.CORRUPT);
          if (result == Result.OK) {
            run.release();
          }
          damages.looked(extent, damaged);
        });
  }

  @Override
  public OptionalLong damagedExtent() {
    return damages.take();
  }

  long diskId() {
    return store.identity().diskId();
  }

  Segments segments() {
    return store.segments();
  }

  /** Everything reserved, which is not this replica's any more. */
  int takeReserved() {
    int blocks = reservedBlocks;
    reservedBlocks = 0;
    return blocks;
  }

  /** No operation is taken any more. */
  void delete() {
    deleted = true;
  }

  /** Its deletion is in the log. */
  void dropped() {
    dropped = true;
  }

  boolean isDropped() {
    return dropped;
  }

  /** Entries are on their way into the log. */
  void queued(LogEntry[] entries, long ticket) {
    for (LogEntry entry : entries) {
      switch (entry.kind()) {
        case DATA -> pending.addBlock(entry.first(), entry.version(), ticket);
        case TOMBSTONE, UNMAPPED ->
            pending.addRange(entry.first(), entry.end(), visible(entry.version()), ticket);
        default -> {}
      }
    }
  }

  /** A tombstone that was let go of before it was written is none. */
  private long visible(long version) {
    return version <= content.map().letGo() ? Version.NONE : version;
  }

  /** An entry is in the log. */
  void dequeued(LogEntry entry, long ticket) {
    switch (entry.kind()) {
      case DATA -> pending.removeBlock(entry.first(), ticket);
      case TOMBSTONE, UNMAPPED -> pending.removeRange(entry.first(), entry.end(), ticket);
      default -> {}
    }
  }

  void metaIsDurable(ReplicaMeta next) {
    meta = next;
  }

  @Override
  public ReplicaMeta meta() {
    return meta;
  }

  @Override
  public void persistMeta(ReplicaMeta next, Callback done) {
    check(next.volume().equals(meta.volume()), "meta of %s for %s", next.volume(), meta.volume());
    store.appendMeta(this, next, done);
  }

  @Override
  public void noteProgress(long watermark, long durableVersion) {
    if (content.noteProgress(watermark, durableVersion)) {
      store.progressNoted(this);
    }
  }

  @Override
  public boolean reserve(int blocks) {
    if (!store.reserve(blocks)) {
      return false;
    }
    reservedBlocks += blocks;
    return true;
  }

  @Override
  public void unreserve(int blocks) {
    giveBack(blocks);
  }

  private void giveBack(int blocks) {
    check(blocks <= reservedBlocks, "%s blocks given back of %s reserved", blocks, reservedBlocks);
    reservedBlocks -= blocks;
    store.unreserve(blocks);
  }

  @Override
  public void applyIfNewer(BlockRun run, boolean reserved, Callback done) {
    checkRange(run.firstBlock(), run.count());
    hold(run, done, hold -> applyHeld(run, reserved, hold, done));
  }

  /** Acts in turn, once the map of the run's blocks is in memory. */
  private void hold(BlockRun run, Callback done, Consumer<Hold> then) {
    hold(
        run.firstBlock(),
        run.endBlock(),
        Need.WRITE,
        hold -> {
          if (hold == null) {
            run.release();
            store.answerLater(done);
          } else {
            then.accept(hold);
          }
        });
  }

  void hold(long firstBlock, long endBlock, Need need, Consumer<Hold> then) {
    Turns.Turn turn = turns.take();
    store
        .cache()
        .hold(
            content.map(),
            firstBlock,
            endBlock,
            need,
            Version.NONE,
            hold ->
                turn.ready(
                    () -> {
                      then.accept(hold);
                      return true;
                    }));
  }

  Turns turns() {
    return turns;
  }

  private void applyHeld(BlockRun run, boolean reserved, Hold hold, Callback done) {
    RunEntries entries = new RunEntries(content.number(), run);
    for (int i = 0; i < run.count(); i++) {
      if (run.versions()[i] > versionToBe(run.firstBlock() + i)) {
        entries.take(i);
      } else {
        entries.skip(i);
      }
    }
    if (reserved) {
      giveBack(entries.dataBlocks());
    }
    store.appendRun(this, entries, reserved, hold, done);
  }

  @Override
  public void applyRangeIfNewer(long firstBlock, long blocks, long version, Callback done) {
    checkRange(firstBlock, blocks);
    check(version > Version.NONE, "a range write without a version");
    new RangeWrite(this, store, firstBlock, firstBlock + blocks, version, done).start();
  }

  /** What a range write has to say, given what is newer; the map of that is in memory. */
  List<LogEntry> rangeEntries(long firstBlock, long endBlock, long version) {
    List<LogEntry> entries = new ArrayList<>();
    long from = firstBlock;
    for (NewerBlocks.Span kept :
        NewerBlocks.find(content.map(), pending, firstBlock, endBlock, version)) {
      addTombstone(entries, from, kept.first(), version);
      from = kept.end();
    }
    addTombstone(entries, from, endBlock, version);
    return entries;
  }

  private void addTombstone(List<LogEntry> entries, long from, long end, long version) {
    if (from < end) {
      entries.add(LogEntry.range(EntryKind.TOMBSTONE, content.number(), from, end - from, version));
    }
  }

  @Override
  public void replace(BlockRun run, long keepFrom, Callback done) {
    checkRange(run.firstBlock(), run.count());
    hold(run, done, hold -> replaceHeld(run, keepFrom, hold, done));
  }

  private void replaceHeld(BlockRun run, long keepFrom, Hold hold, Callback done) {
    RunEntries entries = new RunEntries(content.number(), run);
    for (int i = 0; i < run.count(); i++) {
      long here = versionToBe(run.firstBlock() + i);
      boolean nothingToDo =
          (run.kinds()[i] == BlockKind.UNMAPPED
                  && here == Version.NONE
                  && !isLost(run.firstBlock() + i))
              || run.kinds()[i] == BlockKind.CORRUPT;
      if (here >= keepFrom || nothingToDo) {
        entries.skip(i);
      } else {
        entries.take(i);
      }
    }
    store.appendRun(this, entries, false, hold, done);
  }

  @Override
  public void repair(BlockRun run, Callback done) {
    checkRange(run.firstBlock(), run.count());
    read(run.firstBlock(), run.count(), (result, found) -> repairFound(run, found, result, done));
  }

  private void repairFound(BlockRun run, BlockRun found, Result result, Callback done) {
    if (result != Result.OK) {
      run.release();
      done.done(result);
    } else {
      found.release();
      hold(run, done, hold -> repairHeld(run, found, hold, done));
    }
  }

  private void repairHeld(BlockRun run, BlockRun found, Hold hold, Callback done) {
    RunEntries entries = new RunEntries(content.number(), run);
    int repaired = 0;
    for (int i = 0; i < run.count(); i++) {
      boolean broken =
          found.kinds()[i] == BlockKind.CORRUPT
              && run.kinds()[i] == BlockKind.DATA
              && found.versions()[i] == run.versions()[i]
              && versionToBe(run.firstBlock() + i) == run.versions()[i];
      boolean lost = run.kinds()[i] != BlockKind.CORRUPT && isLost(run.firstBlock() + i);
      if (broken || lost) {
        repaired++;
        entries.take(i);
      } else {
        entries.skip(i);
      }
    }
    store.counters().repaired(repaired);
    store.appendRun(this, entries, false, hold, done);
  }

  @Override
  public void sync(Callback done) {
    store.sync(done);
  }

  @Override
  public void read(long firstBlock, int count, ReadCallback done) {
    checkRange(firstBlock, count);
    look(firstBlock, count, done, run -> store.read(run, content, done));
  }

  @Override
  public void peek(long firstBlock, int count, ReadCallback done) {
    checkRange(firstBlock, count);
    look(
        firstBlock,
        count,
        done,
        run -> store.answerLater(result -> done.done(result, result == Result.OK ? run : null)));
  }

  private void look(long firstBlock, int count, ReadCallback done, Consumer<BlockRun> then) {
    store
        .cache()
        .hold(
            content.map(),
            firstBlock,
            firstBlock + count,
            Need.READ,
            Version.NONE,
            hold -> {
              if (hold == null) {
                store.answerLater(result -> done.done(result, null));
                return;
              }
              then.accept(content.peek(firstBlock, count));
              hold.release();
            });
  }

  @Override
  public void above(long version, TailCallback done) {
    new TailScan(content, store, version, done).start();
  }

  @Override
  public void dropTombstones(long upToVersion) {
    content.map().letGo(upToVersion);
  }

  @Override
  public void vouch(Callback done) {
    store.vouch(this, done);
  }

  @Override
  public long highestVersion() {
    return content.map().highestVersion();
  }

  @Override
  public void raiseExtents(long[] extents, long[] versions, Callback done) {
    check(extents.length == versions.length, "%s extents, %s versions", extents, versions);
    if (extents.length == 0) {
      store.answerLater(done);
      return;
    }
    hold(
        extents[0] * EXTENT_BLOCKS,
        (extents[extents.length - 1] + 1) * EXTENT_BLOCKS,
        Need.RAISE,
        hold ->
            store.appendEntries(
                this, hold == null ? List.of() : raises(extents, versions), hold, done));
  }

  private List<LogEntry> raises(long[] extents, long[] versions) {
    List<LogEntry> entries = new ArrayList<>();
    int i = 0;
    while (i < extents.length) {
      int end = i + 1;
      while (end < extents.length
          && extents[end] == extents[end - 1] + 1
          && versions[end] == versions[i]) {
        end++;
      }
      if (anyBelow(extents, i, end, versions[i])) {
        entries.add(
            LogEntry.range(EntryKind.EXTENTS, content.number(), extents[i], end - i, versions[i]));
      }
      i = end;
    }
    return entries;
  }

  private boolean anyBelow(long[] extents, int from, int end, long version) {
    for (int i = from; i < end; i++) {
      if (content.map().extentVersion(extents[i]) < version) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void extentsAbove(long version, long fromExtent, int limit, ExtentsCallback done) {
    new ExtentScan(content.map(), store, version, fromExtent, limit, done).start();
  }

  @Override
  public long mappedBlocks() {
    return content.map().mappedBlocks();
  }

  @Override
  public long storedBytes() {
    return content.map().storedUnits() * NodeWord.UNIT_BYTES;
  }

  /** Nobody knows what the block holds, and nothing is on its way that will change that. */
  private boolean isLost(long block) {
    return pending.version(block) < 0 && content.map().isLost(block);
  }

  private long versionToBe(long block) {
    long queued = pending.version(block);
    return queued >= 0 ? queued : content.map().version(block);
  }

  private void checkRange(long first, long count) {
    check(!deleted, "%s was deleted", meta.volume());
    check(
        first >= 0 && count > 0 && first + count <= BLOCKS_MAX,
        "blocks %s+%s are out of range",
        first,
        count);
  }
}
