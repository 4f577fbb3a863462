package io.ashlar.store;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import io.ashlar.store.ReplicaStore.Result;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The engine: a log of batches on one disk (docs/on-disk-format.md) and the maps of its replicas in
 * memory. Wires the parts together: {@link LogWriter} appends, {@link SyncGate} makes durable,
 * {@link Collector} makes room, {@link Recovery} finds everything again. Loop thread only, and pure
 * on its ports.
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
  private final SyncGate gate;
  private final LogWriter writer;
  private final Collector collector;
  private final TreeMap<VolumeId, LogReplica> replicas = new TreeMap<>();
  private final TreeMap<Integer, LogReplica> byNumber = new TreeMap<>();
  private final TreeSet<VolumeId> creating = new TreeSet<>();
  private final ArrayDeque<LogReplica> progressNoted = new ArrayDeque<>();
  private int nextNumber;
  private long nextTicket = 1;
  private String failure = "";
  private boolean failed;
  private boolean closed;

  private LogStore(Disk disk, PayloadPool pool, Timers timers, Recovery found) {
    this.disk = disk;
    this.pool = pool;
    this.timers = timers;
    this.superblock = found.superblock();
    this.segments = found.segments();
    this.budget = new SpaceBudget(segments);
    this.gate = new SyncGate(disk, new GateHost());
    this.writer =
        new LogWriter(
            disk, pool, timers, segments, superblock, found.nextSequence(), gate, new WriterHost());
    this.collector =
        new Collector(
            disk,
            pool,
            segments,
            superblock.identity().diskId(),
            writer,
            gate,
            new CollectorHost());
    this.nextNumber = found.nextNumber();
    found.contents().forEach(this::adopt);
  }

  /**
   * Opens a formatted disk; blocks while it reads what is there. Takes the disk over; the caller
   * closes it if this fails.
   *
   * @throws StoreOpenException if it is not one, or damaged beyond what can be told apart
   */
  public static LogStore open(Disk disk, PayloadPool pool, Timers timers) throws IOException {
    return new LogStore(disk, pool, timers, Recovery.run(disk, pool));
  }

  public DiskIdentity identity() {
    return superblock.identity();
  }

  private void adopt(ReplicaContent content) {
    LogReplica replica = new LogReplica(this, content, content.currentMeta());
    register(replica);
    budget.ranges(content.ranges().count());
  }

  private void register(LogReplica replica) {
    byNumber.put(replica.content().number(), replica);
    LogReplica older = replicas.put(replica.meta().volume(), replica);
    if (older == null) {
      budget.replicas(1);
    } else {
      forget(older);
      writer.submit(deleteOf(older, ignored -> {}));
    }
  }

  @Override
  public Collection<? extends ReplicaStore> replicas() {
    return List.copyOf(replicas.values());
  }

  @Override
  public Optional<? extends ReplicaStore> replica(VolumeId volume) {
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
    if (!budget.fits(budget.pagesAReplica())) {
      creating.remove(volume);
      later(done, Result.NO_SPACE);
      return;
    }
    LogReplica replica = new LogReplica(this, new ReplicaContent(nextNumber++, segments), meta);
    byNumber.put(replica.content().number(), replica);
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

  @Override
  public Space space() {
    return new Space(
        budget.capacityBlocks() << Format.PAGE_SHIFT,
        budget.freeBlocks() << Format.PAGE_SHIFT,
        budget.reservedBlocks() << Format.PAGE_SHIFT,
        segments.liveTotal() << Format.PAGE_SHIFT);
  }

  @Override
  public boolean failed() {
    return failed;
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
      writer.stop();
      gate.fail();
      collector.stop();
      disk.close();
    }
  }

  boolean reserve(int blocks) {
    return budget.reserve(blocks);
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
    submit(Append.ofMeta(replica, full, -1, failure -> syncUnless(failure, durable)));
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

  void appendEntries(LogReplica replica, List<LogEntry> entries, ReplicaStore.Callback done) {
    long ticket = nextTicket++;
    LogEntry[] array = entries.toArray(LogEntry[]::new);
    replica.queued(array, ticket);
    submit(Append.ofEntries(replica, array, ticket, answer(done)));
  }

  void appendRun(
      LogReplica replica, RunEntries entries, boolean reserved, ReplicaStore.Callback done) {
    LogEntry[] array = entries.entries();
    int dataBlocks = RunEntries.countData(array);
    if (!reserved && !budget.fits(dataBlocks) && !failed) {
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
            answer(done)));
  }

  private void submit(Append append) {
    if (failed || closed) {
      timers.after(0, () -> append.finish(true));
    } else {
      writer.submit(append);
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
            found -> {
              collector.unpinned();
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
        places[count++] = content.blocks().place(run.firstBlock() + i);
      }
    }
    return java.util.Arrays.copyOf(places, count);
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
    if (!failed && !closed) {
      failed = true;
      failure = operation + " failed with errno " + errno;
      collector.stop();
      writer.stop();
      gate.fail();
    }
  }

  private void applied(Append append, int index, int segment, int place, long position) {
    LogEntry entry = append.entries[index];
    boolean carried = append.oldPlaces != null;
    if (!carried) {
      append.replica.dequeued(entry, append.ticket);
      budget.queued(entry.kind() == EntryKind.DATA ? -1 : 0);
    }
    if (!entry.kind().hasPayload()) {
      segments.control(segment);
    }
    if (append.replica == null || append.replica.isDropped()) {
      return;
    }
    ReplicaContent content = append.replica.content();
    int ranges = content.ranges().count();
    switch (entry.kind()) {
      case DATA, BAD -> content.applyBlock(entry, place);
      case TOMBSTONE, UNMAPPED -> {
        if (!carried) {
          content.applyRange(entry, position);
        }
      }
      case META -> content.applyMeta(append.meta, segment);
      case DELETE -> {
        content.dropAll();
        append.replica.dropped();
        byNumber.remove(content.number());
      }
      case PROGRESS -> content.applyProgress(entry, segment);
      case EXTENTS -> content.raise(entry.first(), entry.end(), entry.version());
      case BATCH -> throw new IllegalStateException("a batch mark was queued");
    }
    budget.ranges(content.ranges().count() - ranges);
  }

  private final class GateHost implements SyncGate.Host {
    @Override
    public long appliedMark() {
      return writer.appliedMark();
    }

    @Override
    public void durable(long mark) {
      writer.durable(mark);
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class WriterHost implements LogWriter.Host {
    @Override
    public boolean stillNeeded(Append append, int index) {
      return collector.stillNeeded(append, index);
    }

    @Override
    public void applied(Append append, int index, int segment, int place, long position) {
      LogStore.this.applied(append, index, segment, place, position);
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
    public void progressApplied(LogEntry entry, int segment) {
      segments.control(segment);
      LogReplica replica = byNumber.get(entry.replica());
      if (replica != null) {
        replica.content().applyProgress(entry, segment);
      }
    }

    @Override
    public void spaceIsLow() {
      collector.startIfNeeded();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }

  private final class CollectorHost implements Collector.Host {
    @Override
    public LogReplica replica(int number) {
      return byNumber.get(number);
    }

    @Override
    public void vouch(Append.Done done) {
      if (byNumber.isEmpty()) {
        done.done(false);
      } else {
        LogReplica any = byNumber.firstEntry().getValue();
        writer.submitCollected(List.of(vouching(any, done)));
      }
    }

    @Override
    public void segmentFreed() {
      long oldest = segments.oldestSequence(-1);
      for (LogReplica replica : byNumber.values()) {
        RangeMap ranges = replica.content().ranges();
        int before = ranges.count();
        ranges.forgetBefore(oldest);
        budget.ranges(ranges.count() - before);
      }
      writer.pump();
    }

    @Override
    public void ioFailed(String operation, int errno) {
      fail(operation, errno);
    }
  }
}
