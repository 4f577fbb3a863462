package io.ashlar.store;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import io.ashlar.store.CheckpointRecord.ReplicaRecord;
import io.ashlar.store.CheckpointRecord.SegmentTable;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.FrozenMaps;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.VolumeMap;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The engine: a log of batches on one disk (docs/on-disk-format.md) and the maps of its replicas.
 * Wires the parts together: {@link LogStream}s and {@link NodeLog} append, {@link SyncGate} makes
 * durable, {@link Checkpointer} notes what is known, {@link Collector} and {@link Reclaimer} make
 * room, {@link Recovery} finds everything again. Loop thread only, and pure on its ports.
 *
 * <p>Errors: a failed write or sync ends the engine for good; everything waiting and everything
 * asked later gets FAILED. A failed read makes the blocks in question CORRUPT.
 */
public final class LogStore implements StoreEngine {
  private final Disk disk;
  private final PayloadPool pool;
  private final Timers timers;
  private final Superblock superblock;
  private final Segments segments;
  private final SpaceBudget budget;
  private final LogSequence sequence;
  private final SyncGate gate;
  private final MapCache cache;
  private final LogStream operations;
  private final LogStream collected;
  private final NodeLog nodeLog;
  private final Checkpointer checkpointer;
  private final Collector collector;
  private final Reclaimer reclaimer;
  private final RoomMaker room;
  private final Scrubber scrubber;
  private final StoreCounters counters = new StoreCounters();
  private final TreeMap<VolumeId, LogReplica> replicas = new TreeMap<>();
  private final TreeMap<Integer, LogReplica> byNumber = new TreeMap<>();
  private final TreeSet<VolumeId> creating = new TreeSet<>();
  private final ArrayDeque<LogReplica> progressNoted = new ArrayDeque<>();
  private final Recovery.Figures opened;
  private int nextNumber;
  private long nextTicket = 1;
  private String failure = "";
  private Runnable whenFailed = () -> {};
  private boolean failed;
  private boolean closed;

  private LogStore(
      Disk disk, PayloadPool pool, Timers timers, Recovery found, ScrubPlan scrubPlan) {
    this.disk = disk;
    this.pool = pool;
    this.timers = timers;
    this.superblock = found.superblock();
    this.segments = found.segments();
    this.sequence = found.sequence();
    this.cache = found.cache();
    this.budget = new SpaceBudget(segments);
    this.gate = new SyncGate(disk, new GateHost());
    LogEnd.Shared shared =
        new LogEnd.Shared(
            disk,
            pool,
            segments,
            gate,
            sequence,
            superblock.identity().diskId(),
            superblock.generation());
    EndHost endHost = new EndHost();
    StreamHost streamHost = new StreamHost();
    this.operations =
        new LogStream(
            timers,
            segments,
            sequence,
            new LogEnd(shared, endHost),
            RoomMaker.KEPT_FROM_OPERATIONS,
            streamHost);
    this.collected =
        new LogStream(
            timers,
            segments,
            sequence,
            new LogEnd(shared, endHost),
            RoomMaker.KEPT_FROM_COLLECTION,
            streamHost);
    this.nodeLog =
        new NodeLog(
            pool,
            timers,
            segments,
            sequence,
            new LogEnd(shared, endHost),
            cache,
            new NodeLogHost());
    this.reclaimer = new Reclaimer(found.nodeIo(), segments, this::lessIsLive);
    this.collector =
        new Collector(
            disk, pool, segments, summaries(), sequence, cache, collected, new CollectorHost());
    this.checkpointer =
        new Checkpointer(
            disk, pool, segments, sequence, nodeLog, gate, superblock, new CheckpointHost());
    this.room =
        new RoomMaker(
            timers,
            segments,
            sequence,
            cache,
            collector,
            checkpointer,
            found.segmentAtCheckpoint());
    this.scrubber =
        new Scrubber(
            disk, pool, timers, segments, summaries(), cache, counters, scrubPlan, new ScrubHost());
    found.nodeIo().serve(new NodeHost());
    this.opened = found.figures();
    this.nextNumber = found.nextNumber();
    found.contents().forEach(this::adopt);
    reclaimer.restore(found.deadNodes());
    timers.after(0, () -> begin(found));
  }

  private SummaryReader summaries() {
    return new SummaryReader(disk, pool, segments, superblock.identity().diskId());
  }

  private void begin(Recovery found) {
    if (!failed && !closed) {
      found.nodesLost().forEach(this::nodeLost);
      scrubber.start(found.scrubbed());
      reclaimer.start();
      nodeLog.pump(); // what was read again may be more than the memory for it
      room.look();
    }
  }

  /**
   * Opens a formatted disk; blocks while it reads what is there. Takes the disk over; the caller
   * closes it if this fails.
   *
   * @throws StoreOpenException if it is not one, or damaged beyond what can be told apart
   */
  public static LogStore open(Disk disk, PayloadPool pool, Timers timers, StoreOptions options)
      throws IOException {
    Recovery found = Recovery.run(disk, pool, options.mapCacheBytes());
    return new LogStore(disk, pool, timers, found, options.scrub());
  }

  @Override
  public void listen(Listener listener) {
    // If this disk is gone, everything is: there is nothing to tell that is not asked for.
  }

  public DiskIdentity identity() {
    return superblock.identity();
  }

  public StoreCounters counters() {
    return counters;
  }

  /** What opening it had to go through since the last checkpoint, for an operator. */
  public String opened() {
    return String.format("segments=%s entries=%s", opened.segments(), opened.entries());
  }

  MapCache cache() {
    return cache;
  }

  /** Begins a checkpoint if none runs: a start has less of the log to read after it. */
  public void checkpoint() {
    checkpointer.start();
  }

  Segments segments() {
    return segments;
  }

  private void adopt(ReplicaContent content) {
    LogReplica replica = new LogReplica(this, content, content.currentMeta());
    byNumber.put(replica.content().number(), replica);
    LogReplica older = replicas.put(replica.meta().volume(), replica);
    if (older == null) {
      budget.replicas(1);
    } else {
      forget(older);
      operations.submit(deleteOf(older, ignored -> {}));
    }
  }

  @Override
  public Collection<LogReplica> replicas() {
    return List.copyOf(replicas.values());
  }

  @Override
  public Optional<LogReplica> replica(VolumeId volume) {
    return Optional.ofNullable(replicas.get(volume));
  }

  @Override
  public void create(ReplicaMeta meta, ReplicaStore.Callback done) {
    VolumeId volume = meta.volume();
    check(
        !replicas.containsKey(volume) && creating.add(volume),
        "the disk has a replica of %s already",
        volume);
    Append.Done answer =
        answer(
            result -> {
              creating.remove(volume);
              done.done(result);
            });
    if (freeBlocks() < budget.blocksAReplica()) {
      creating.remove(volume);
      later(done, Result.NO_SPACE);
      return;
    }
    int number = nextNumber++;
    ReplicaContent content = new ReplicaContent(number, new VolumeMap(cache, number));
    LogReplica replica = new LogReplica(this, content, meta);
    byNumber.put(number, replica);
    budget.replicas(1);
    submitMeta(replica, meta, failure -> created(replica, failure, answer));
  }

  private void created(LogReplica replica, boolean failure, Append.Done answer) {
    if (!failure) {
      replicas.put(replica.meta().volume(), replica);
    }
    answer.done(failure);
  }

  @Override
  public void delete(VolumeId volume, ReplicaStore.Callback done) {
    LogReplica replica = replicas.remove(volume);
    if (replica == null) {
      later(done, failed ? Result.FAILED : Result.OK);
      return;
    }
    budget.replicas(-1);
    forget(replica);
    Append.Done answer = answer(done);
    submit(deleteOf(replica, failure -> syncUnless(failure, answer)));
  }

  /** Nothing more is taken for it; what is queued still goes into the log and is then dead. */
  private void forget(LogReplica replica) {
    replica.delete();
    budget.unreserve(replica.takeReserved());
    progressNoted.remove(replica);
  }

  private Append deleteOf(LogReplica replica, Append.Done done) {
    LogEntry[] entries = {LogEntry.delete(replica.content().number())};
    return Append.ofEntries(replica, entries, nextTicket++, done);
  }

  private long freeBlocks() {
    return budget.freeBlocks(reclaimer.blocks());
  }

  @Override
  public Space space() {
    long mapped = 0;
    for (LogReplica replica : replicas.values()) {
      mapped += replica.mappedBlocks();
    }
    return new Space(
        budget.capacityBlocks() << Format.PAGE_SHIFT,
        freeBlocks() << Format.PAGE_SHIFT,
        budget.reservedBlocks() << Format.PAGE_SHIFT,
        mapped << Format.PAGE_SHIFT);
  }

  @Override
  public boolean failed() {
    return failed;
  }

  /** Runs the task, in a turn of its own, when the engine fails. */
  public void whenFailed(Runnable task) {
    whenFailed = task;
  }

  /** What failed, for an operator; empty if nothing did. */
  public String failure() {
    return failure;
  }

  /** Stops at once, without a last sync. No callback comes after it. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cache.stop();
      stopAll();
      disk.close();
    }
  }

  private void stopAll() {
    room.stop();
    collector.stop();
    scrubber.stop();
    checkpointer.stop();
    reclaimer.stop();
    operations.stop();
    collected.stop();
    nodeLog.stop();
    gate.fail();
  }

  boolean reserve(int blocks) {
    return budget.reserve(blocks, reclaimer.blocks());
  }

  void unreserve(int blocks) {
    budget.unreserve(blocks);
  }

  void appendMeta(LogReplica replica, ReplicaMeta next, ReplicaStore.Callback done) {
    submitMeta(replica, next, answer(done));
  }

  /** Writes and syncs it, then it counts. */
  private void submitMeta(LogReplica replica, ReplicaMeta next, Append.Done done) {
    ReplicaContent content = replica.content();
    ReplicaMeta full =
        next.withProgress(
            Math.max(next.watermark(), content.watermark()),
            Math.max(next.durableVersion(), content.durableVersion()));
    Append.Done durable =
        failure -> {
          if (!failure) {
            replica.metaIsDurable(next);
            submit(vouching(replica, ignored -> {}));
          }
          done.done(failure);
        };
    submit(Append.ofMeta(replica, full, failure -> syncUnless(failure, durable)));
  }

  /**
   * A batch after what is durable now, which says so. Without it a flipped bit in the last batch of
   * a log looks like a write that was torn in flight, and what was promised would be forgotten.
   */
  private Append vouching(LogReplica replica, Append.Done done) {
    LogEntry[] entries = {replica.content().takeProgress()};
    progressNoted.remove(replica);
    return Append.ofEntries(replica, entries, nextTicket++, done);
  }

  void vouch(LogReplica replica, ReplicaStore.Callback done) {
    sync(
        result -> {
          if (result == Result.OK) {
            submit(vouching(replica, answer(done)));
          } else {
            done.done(result);
          }
        });
  }

  private void syncUnless(boolean failure, Append.Done done) {
    if (failure || failed || closed) {
      done.done(true);
    } else {
      gate.request(done);
    }
  }

  void progressNoted(LogReplica replica) {
    progressNoted.add(replica);
  }

  /** Takes the hold over; null: the disk has failed. */
  void appendEntries(
      LogReplica replica, List<LogEntry> entries, Hold hold, ReplicaStore.Callback done) {
    if (hold == null) {
      later(done, Result.FAILED);
      return;
    }
    long ticket = nextTicket++;
    LogEntry[] array = entries.toArray(LogEntry[]::new);
    replica.queued(array, ticket);
    submit(Append.ofEntries(replica, array, ticket, answer(done)).holding(hold));
  }

  /** Takes the hold and the run's payload over. */
  void appendRun(
      LogReplica replica,
      RunEntries entries,
      boolean reserved,
      Hold hold,
      ReplicaStore.Callback done) {
    LogEntry[] array = entries.entries();
    int dataBlocks = RunEntries.countData(array);
    if (!reserved && dataBlocks > 0 && dataBlocks > freeBlocks() && !failed) {
      hold.release();
      entries.run().release();
      later(done, Result.NO_SPACE);
      return;
    }
    long ticket = nextTicket++;
    budget.queued(dataBlocks);
    replica.queued(array, ticket);
    submit(
        new Append(
                replica,
                array,
                entries.sources(),
                null,
                entries.run().payload(),
                ticket,
                answer(done))
            .holding(hold));
  }

  private void submit(Append append) {
    if (failed || closed) {
      timers.after(0, () -> append.finish(true));
    } else {
      operations.submit(append);
    }
  }

  void sync(ReplicaStore.Callback done) {
    if (failed) {
      later(done, Result.FAILED);
    } else {
      gate.request(answer(done));
    }
  }

  void read(BlockRun run, ReplicaContent content, ReplicaStore.ReadCallback done) {
    int[] places = placesOf(run, content);
    if (failed || places.length == 0) {
      timers.after(0, () -> answerRead(run, done));
      return;
    }
    new ReadOperation(
            disk,
            pool,
            segments,
            run,
            places,
            (found, corrupt) -> {
              counters.corrupt(corrupt);
              answerRead(found, done);
            })
        .start();
  }

  private void answerRead(BlockRun run, ReplicaStore.ReadCallback done) {
    if (closed) {
      run.release();
    } else if (failed) {
      run.release();
      done.done(Result.FAILED, null);
    } else {
      done.done(Result.OK, run);
    }
  }

  private static int[] placesOf(BlockRun run, ReplicaContent content) {
    int[] places = new int[run.count()];
    int count = 0;
    for (int i = 0; i < run.count(); i++) {
      if (run.kinds()[i] == BlockKind.DATA) {
        places[count++] = content.map().place(run.firstBlock() + i);
      }
    }
    return count == places.length ? places : Arrays.copyOf(places, count);
  }

  private Append.Done answer(ReplicaStore.Callback done) {
    return failure -> {
      if (!closed) {
        done.done(failure ? Result.FAILED : Result.OK);
      }
    };
  }

  /** FAILED if the engine has failed by then. */
  void answerLater(ReplicaStore.Callback done) {
    timers.after(
        0,
        () -> {
          if (!closed) {
            done.done(failed ? Result.FAILED : Result.OK);
          }
        });
  }

  private void later(ReplicaStore.Callback done, Result result) {
    timers.after(
        0,
        () -> {
          if (!closed) {
            done.done(result);
          }
        });
  }

  private void fail(String operation, int errno) {
    fail(operation + " failed with errno " + errno);
  }

  private void fail(String what) {
    if (!failed && !closed) {
      failed = true;
      failure = what;
      timers.after(0, whenFailed);
      stopAll();
      cache.fail();
    }
  }

  private void nodeLost(LostNode node) {
    counters.nodeLost(node);
    LogReplica replica = byNumber.get(node.replica());
    if (replica != null) {
      replica.damages().add(node.firstExtent(), node.extents());
    }
  }

  private void lessIsLive() {
    room.look();
  }

  private void applied(Append append, int index, int place) {
    LogEntry entry = append.entries[index];
    if (append.oldPlaces != null) {
      if (!append.replica.isDropped()) {
        VolumeMap map = append.replica.content().map();
        map.move(entry.first(), append.oldPlaces[index], place, entry.crc());
      }
      return;
    }
    append.replica.dequeued(entry, append.ticket);
    budget.queued(entry.kind() == EntryKind.DATA ? -1 : 0);
    if (append.replica.isDropped()) {
      return;
    }
    ReplicaContent content = append.replica.content();
    switch (entry.kind()) {
      case META -> content.applyMeta(append.meta);
      case DELETE -> {
        content.map().drop();
        append.replica.dropped();
        byNumber.remove(content.number());
      }
      default -> content.apply(entry, place);
    }
  }

  private final class GateHost implements SyncGate.Host {
    @Override
    public long[] appliedMarks() {
      return new long[] {operations.end().mark(), collected.end().mark(), nodeLog.end().mark()};
    }

    @Override
    public void durable(long[] marks) {
      operations.end().durable(marks[0]);
      collected.end().durable(marks[1]);
      nodeLog.end().durable(marks[2]);
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class EndHost implements LogEnd.Host {
    @Override
    public void spaceChanged() {
      room.look();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class StreamHost implements LogStream.Host {
    @Override
    public boolean stillNeeded(Append append, int index) {
      return !append.replica.isDropped()
          && append.replica.content().map().place(append.entries[index].first())
              == append.oldPlaces[index];
    }

    @Override
    public void applied(Append append, int index, int place) {
      LogStore.this.applied(append, index, place);
    }

    @Override
    public List<LogEntry> takeProgress(int entriesMax) {
      List<LogEntry> entries = new ArrayList<>();
      while (entries.size() < entriesMax && !progressNoted.isEmpty()) {
        entries.add(progressNoted.poll().content().takeProgress());
      }
      return entries;
    }

    @Override
    public void progressApplied(LogEntry entry) {
      LogReplica replica = byNumber.get(entry.replica());
      if (replica != null) {
        replica.content().apply(entry, 0);
      }
    }

    @Override
    public void spaceIsLow() {
      room.needed();
    }

    @Override
    public void idle() {
      checkpointer.quiet();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class NodeLogHost implements NodeLog.Host {
    @Override
    public void idle() {
      checkpointer.quiet();
      if (cache.wantsCheckpoint()) {
        room.look();
      }
    }

    @Override
    public void nodesWritten() {
      checkpointer.nodesWritten();
    }

    @Override
    public void spaceIsLow() {
      room.needed();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class NodeHost implements NodeIo.Host {
    @Override
    public void reclaim(DeadNode node) {
      reclaimer.add(node);
    }

    @Override
    public void cleaningNeeded() {
      nodeLog.pumpSoon();
    }

    @Override
    public void nodeLost(LostNode node) {
      LogStore.this.nodeLost(node);
    }
  }

  private final class CollectorHost implements Collector.Host {
    @Override
    public LogReplica replica(int number) {
      return byNumber.get(number);
    }

    @Override
    public void collected(int blocks) {
      counters.collected(blocks);
      room.look();
    }
  }

  private final class ScrubHost implements Scrubber.Host {
    @Override
    public LogReplica replica(int number) {
      return byNumber.get(number);
    }

    @Override
    public void checkpointDamaged() {
      checkpointer.start();
    }
  }

  private final class CheckpointHost implements Checkpointer.Host {
    @Override
    public void pause() {
      operations.pause();
      collected.pause();
      nodeLog.pause();
    }

    @Override
    public boolean quiet() {
      return !operations.busy() && !collected.busy() && !nodeLog.busy();
    }

    @Override
    public void resume() {
      operations.resume();
      collected.resume();
      nodeLog.resume();
    }

    @Override
    public FrozenMaps freeze(FrozenMaps.LiveTable live) {
      List<VolumeMap> maps = new ArrayList<>();
      byNumber.values().forEach(replica -> maps.add(replica.content().map()));
      return cache.freeze(maps, live);
    }

    @Override
    public CheckpointRecord known(SegmentTable table, FrozenMaps maps) {
      List<ReplicaRecord> known = new ArrayList<>();
      for (LogReplica replica : byNumber.values()) {
        ReplicaContent content = replica.content();
        if (content.writtenMeta() != null) {
          known.add(new ReplicaRecord(content.currentMeta(), maps.maps().get(content.number())));
        }
      }
      return new CheckpointRecord(
          sequence.lsn(),
          sequence.lastSegment(),
          nextNumber,
          scrubber.position(),
          table,
          known,
          reclaimer.all());
    }

    @Override
    public void thawed() {
      cache.thawed();
    }

    @Override
    public void segmentsFreed() {
      counters.checkpointed();
      operations.pump();
      collected.pump();
      nodeLog.pump();
      room.freed();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }
}
