package io.ashlar.store;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import io.ashlar.store.CheckpointRecord.ReplicaRecord;
import io.ashlar.store.CheckpointRecord.SegmentTable;
import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.FrozenMaps;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.VolumeMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The parts of an engine, wired: {@link LogStream}s and {@link NodeLog} append, {@link SyncGate}
 * makes durable, {@link Checkpointer} notes what is known, {@link Collector} and {@link Reclaimer}
 * make room when {@link RoomMaker} says so, {@link Scrubber} looks for damage. What one needs of
 * the others goes through a small host each, below. Loop thread only.
 */
final class LogParts {
  /** What the parts need of whoever has the replicas. */
  interface Owner {
    /** Null if there is none with this number. */
    LogReplica replica(int number);

    /** By number. */
    Collection<LogReplica> all();

    /** Of the next replica that is created. */
    int nextNumber();

    /** An entry is in the log, here. */
    void applied(Append append, int index, long place);

    List<LogEntry> takeProgress(int entriesMax);

    /** Nothing can be relied on any more. */
    void failed(String what);
  }

  final Segments segments;
  final MapCache cache;
  final StoreCounters counters = new StoreCounters();
  final SyncGate gate;
  final LogStream operations;
  final Checkpointer checkpointer;
  final Reclaimer reclaimer;
  private final LogSequence sequence;
  private final LogStream collected;
  private final NodeLog nodeLog;
  private final Collector collector;
  private final RoomMaker room;
  private final Scrubber scrubber;
  private final Owner owner;

  LogParts(
      Disk disk,
      PayloadPool pool,
      Timers timers,
      Recovery found,
      ScrubPlan scrubPlan,
      Owner owner) {
    this.owner = owner;
    this.segments = found.segments();
    this.sequence = found.sequence();
    this.cache = found.cache();
    Superblock superblock = found.superblock();
    long diskId = superblock.identity().diskId();
    this.gate = new SyncGate(disk, new GateHost());
    LogEnd.Shared shared =
        new LogEnd.Shared(disk, pool, segments, gate, sequence, diskId, superblock.generation());
    SummaryReader summaries = new SummaryReader(disk, pool, segments, diskId);
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
    this.reclaimer = new Reclaimer(found.nodeIo(), segments, new ReclaimerHost());
    this.collector =
        new Collector(
            disk, pool, segments, summaries, sequence, cache, collected, new CollectorHost());
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
            disk, pool, timers, segments, summaries, cache, counters, scrubPlan, new ScrubHost());
    found.nodeIo().serve(new NodeHost());
  }

  /** Begins the upkeep, once the replicas that were found are there. */
  void begin(Recovery found) {
    found.nodesLost().forEach(this::nodeLost);
    scrubber.start(found.scrubbed());
    reclaimer.start();
    nodeLog.pump(); // what was read again may be more than the memory for it
    room.look();
  }

  void stop() {
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

  private void nodeLost(LostNode node) {
    counters.nodeLost(node);
    LogReplica replica = owner.replica(node.replica());
    if (replica != null) {
      replica.damages().add(node.firstExtent(), node.extents());
    }
  }

  // ---- what each needs of the others

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
      owner.failed(operation + " failed with errno " + errno);
    }
  }

  private final class EndHost implements LogEnd.Host {
    @Override
    public void spaceChanged() {
      room.look();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      owner.failed(operation + " failed with errno " + errno);
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
    public void applied(Append append, int index, long place) {
      owner.applied(append, index, place);
    }

    @Override
    public List<LogEntry> takeProgress(int entriesMax) {
      return owner.takeProgress(entriesMax);
    }

    @Override
    public void progressApplied(LogEntry entry) {
      LogReplica replica = owner.replica(entry.replica());
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
      owner.failed(operation + " failed with errno " + errno);
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
      owner.failed(operation + " failed with errno " + errno);
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
      LogParts.this.nodeLost(node);
    }
  }

  private final class CollectorHost implements Collector.Host {
    @Override
    public LogReplica replica(int number) {
      return owner.replica(number);
    }

    @Override
    public void collected(int blocks) {
      counters.collected(blocks);
      room.look();
    }
  }

  private final class ReclaimerHost implements Reclaimer.Host {
    @Override
    public void reclaimed(int replica, int units) {
      LogReplica owner = LogParts.this.owner.replica(replica);
      if (owner != null) {
        owner.content().map().reclaimed(units);
      }
    }

    @Override
    public void lessIsLive() {
      room.look();
    }
  }

  private final class ScrubHost implements Scrubber.Host {
    @Override
    public LogReplica replica(int number) {
      return owner.replica(number);
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
      owner.all().forEach(replica -> maps.add(replica.content().map()));
      return cache.freeze(maps, live);
    }

    @Override
    public CheckpointRecord known(SegmentTable table, FrozenMaps maps) {
      List<ReplicaRecord> known = new ArrayList<>();
      for (LogReplica replica : owner.all()) {
        ReplicaContent content = replica.content();
        if (content.writtenMeta() != null) {
          known.add(new ReplicaRecord(content.currentMeta(), maps.maps().get(content.number())));
        }
      }
      return new CheckpointRecord(
          sequence.lsn(),
          sequence.lastSegment(),
          owner.nextNumber(),
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
      owner.failed(operation + " failed with errno " + errno);
    }
  }
}
