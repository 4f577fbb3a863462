package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Version;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.wire.Message.Data;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Read;
import io.ashlar.wire.Message.Sync;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import io.ashlar.wire.Message.WriteRange;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A replica's orders on blocks: apply, read, sync; and what follows from them, the watermark and
 * the durable version. Fencing has been done by the caller. Loop thread only.
 */
final class ReplicaOrders {
  /** Blocks in one message at most; a larger one is the peer's mistake. */
  static final int RUN_BLOCKS_MAX = 256;

  private final ReplicaStore store;
  private final MetaWriter metaWriter;
  private final Timing timing;

  private long watermark;
  private long durableVersion;
  private long highestReceived;

  /** Applies handed to the store and not answered yet. */
  private int applying;

  private final Deque<Runnable> whenApplied = new ArrayDeque<>();
  private boolean unsynced;
  private boolean selfSyncing;
  private long lastSyncAt;

  ReplicaOrders(ReplicaStore store, MetaWriter metaWriter, Timing timing) {
    this.store = store;
    this.metaWriter = metaWriter;
    this.timing = timing;
    this.watermark = store.meta().watermark();
    this.durableVersion = store.meta().durableVersion();
  }

  long watermark() {
    return watermark;
  }

  long durableVersion() {
    return durableVersion;
  }

  void noteWatermark(long version) {
    if (version > watermark) {
      watermark = version;
      store.noteProgress(watermark, durableVersion);
    }
  }

  void noteDurable(long version) {
    if (version > durableVersion) {
      durableVersion = version;
      store.noteProgress(watermark, durableVersion);
    }
  }

  /** Runs the task when everything handed to the store so far has been applied; perhaps at once. */
  void afterApplied(Runnable task) {
    if (applying == 0) {
      task.run();
    } else {
      whenApplied.add(task);
    }
  }

  /** Counts an apply of a resync, which has to be finished before a promise too. */
  void applyStarted() {
    applying++;
    unsynced = true;
  }

  void applyEnded() {
    applying--;
    while (applying == 0 && !whenApplied.isEmpty()) {
      whenApplied.poll().run();
    }
  }

  void write(ReplicaSession session, Write write) {
    noteWatermark(write.watermark());
    BlockRun run = write.run();
    if (!fits(run.firstBlock(), run.count()) || run.count() > RUN_BLOCKS_MAX) {
      write.discard();
      session.done(write.request(), Outcome.REFUSED, 0);
      return;
    }
    int dataBlocks = dataBlocks(run);
    if (write.mode() != WriteMode.REPAIR && !session.spend(dataBlocks)) {
      write.discard();
      session.done(write.request(), Outcome.NO_SPACE, 0);
      return;
    }
    applyStarted();
    boolean late = isLate(lowestVersion(run)) || write.mode() == WriteMode.EXACT;
    noteReceived(highestVersion(run));
    ReplicaStore.Callback answer = applied(session, write.request(), late);
    switch (write.mode()) {
      case IF_NEWER -> store.applyIfNewer(run, true, answer);
      case EXACT -> {
        store.unreserve(dataBlocks);
        store.replace(run, Long.MAX_VALUE, answer);
      }
      case REPAIR -> store.repair(run, answer);
    }
    session.grant();
  }

  void writeRange(ReplicaSession session, WriteRange range) {
    noteWatermark(range.watermark());
    if (!fits(range.firstBlock(), range.blocks())) {
      session.done(range.request(), Outcome.REFUSED, 0);
      return;
    }
    applyStarted();
    boolean late = isLate(range.version());
    noteReceived(range.version());
    store.applyRangeIfNewer(
        range.firstBlock(),
        range.blocks(),
        range.version(),
        applied(session, range.request(), late));
  }

  /**
   * Convergence brings what is older than the newest that this copy has, or will have when what
   * came before is applied. Whether it was lost with the log's end cannot be seen from the highest
   * version then, so it is made sure of first.
   */
  private boolean isLate(long version) {
    return version < Math.max(highestReceived, store.highestVersion());
  }

  private void noteReceived(long version) {
    highestReceived = Math.max(highestReceived, version);
  }

  /**
   * What is about a part that is gone has no answer: a failure would take the whole copy out for
   * good, and it only has to join again.
   */
  private static void tell(ReplicaSession session, long request, Result result) {
    if (result != Result.GONE) {
      session.done(request, outcome(result), 0);
    }
  }

  private ReplicaStore.Callback applied(ReplicaSession session, long request, boolean late) {
    ReplicaStore.Callback answer =
        result -> {
          tell(session, request, result);
          applyEnded();
        };
    return late ? result -> vouchUnless(result, answer) : answer;
  }

  private void vouchUnless(Result result, ReplicaStore.Callback answer) {
    if (result == Result.OK) {
      store.vouch(answer);
    } else {
      answer.done(result);
    }
  }

  void read(ReplicaSession session, Read read) {
    if (!fits(read.firstBlock(), read.count()) || read.count() > RUN_BLOCKS_MAX) {
      session.done(read.request(), Outcome.REFUSED, 0);
      return;
    }
    store.read(
        read.firstBlock(),
        read.count(),
        (result, run) -> {
          if (result == Result.OK) {
            session.send(new Data(read.request(), run));
          } else {
            tell(session, read.request(), result);
          }
        });
  }

  void sync(ReplicaSession session, Sync sync, boolean trusted) {
    noteWatermark(sync.watermark());
    syncStore(trusted, result -> tell(session, sync.request(), result));
  }

  /** What was applied a while ago becomes durable even if nobody flushes, so that D stays near. */
  void syncIfStale(long now) {
    if (lastSyncAt == 0) {
      lastSyncAt = now;
    }
    if (unsynced && !selfSyncing && now - lastSyncAt >= timing.selfSync()) {
      selfSyncing = true;
      lastSyncAt = now;
      boolean trusted =
          !metaWriter.latest().unclean() && metaWriter.latest().incomplete().isEmpty();
      syncStore(trusted, result -> selfSyncing = false);
    }
  }

  private void syncStore(boolean trusted, ReplicaStore.Callback done) {
    long atStart = watermark;
    unsynced = applying > 0;
    store.sync(
        result -> {
          if (result == Result.OK && trusted) {
            noteDurable(atStart);
          }
          done.done(result);
        });
  }

  private boolean fits(long firstBlock, long blocks) {
    long end = (store.meta().sizeBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES;
    return firstBlock >= 0 && blocks > 0 && blocks <= end && firstBlock <= end - blocks;
  }

  static int dataBlocks(BlockRun run) {
    int count = 0;
    for (BlockKind kind : run.kinds()) {
      if (kind == BlockKind.DATA) {
        count++;
      }
    }
    return count;
  }

  private static long lowestVersion(BlockRun run) {
    long lowest = Long.MAX_VALUE;
    for (long version : run.versions()) {
      lowest = Math.min(lowest, version);
    }
    return lowest;
  }

  private static long highestVersion(BlockRun run) {
    long highest = Version.NONE;
    for (long version : run.versions()) {
      highest = Math.max(highest, version);
    }
    return highest;
  }

  static Outcome outcome(Result result) {
    return switch (result) {
      case OK -> Outcome.OK;
      case NO_SPACE -> Outcome.NO_SPACE;
      case FAILED, GONE -> Outcome.FAILED;
    };
  }
}
