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
import io.ashlar.store.map.Hold;
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
 * What it has, and what it is asked for, is here; how the log is written, kept and made room in is
 * wired in {@link LogParts}; {@link Recovery} finds everything again. Loop thread only, and pure on
 * its ports.
 *
 * <p>Errors: a failed write or sync ends the engine for good; everything waiting and everything
 * asked later gets FAILED. A failed read makes the blocks in question CORRUPT.
 */
public final class LogStore implements StoreEngine {
  private final Disk disk;
  private final PayloadPool pool;
  private final Timers timers;
  private final DiskIdentity identity;
  private final SpaceBudget budget;
  private final LogParts parts;
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
    this.identity = found.superblock().identity();
    this.budget = new SpaceBudget(found.segments());
    this.opened = found.figures();
    this.nextNumber = found.nextNumber();
    this.parts = new LogParts(disk, pool, timers, found, scrubPlan, new Replicas());
    found.contents().forEach(this::adopt);
    parts.reclaimer.restore(found.deadNodes());
    timers.after(0, () -> begin(found));
  }

  private void begin(Recovery found) {
    if (!failed && !closed) {
      parts.begin(found);
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
    return identity;
  }

  public StoreCounters counters() {
    return parts.counters;
  }

  /** What opening it had to go through since the last checkpoint, for an operator. */
  public String opened() {
    return String.format("segments=%s entries=%s", opened.segments(), opened.entries());
  }

  MapCache cache() {
    return parts.cache;
  }

  /** Begins a checkpoint if none runs: a start has less of the log to read after it. */
  public void checkpoint() {
    parts.checkpointer.start();
  }

  Segments segments() {
    return parts.segments;
  }

  private void adopt(ReplicaContent content) {
    LogReplica replica = new LogReplica(this, content, content.currentMeta());
    byNumber.put(replica.content().number(), replica);
    LogReplica older = replicas.put(replica.meta().volume(), replica);
    if (older == null) {
      budget.replicas(1);
    } else {
      forget(older);
      parts.operations.submit(deleteOf(older, ignored -> {}));
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
    ReplicaContent content = new ReplicaContent(number, new VolumeMap(parts.cache, number));
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
    return budget.freeBlocks(parts.reclaimer.units());
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
      parts.cache.stop();
      parts.stop();
      disk.close();
    }
  }

  boolean reserve(int blocks) {
    return budget.reserve(blocks, parts.reclaimer.units());
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
      parts.gate.request(done);
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
      parts.operations.submit(append);
    }
  }

  void sync(ReplicaStore.Callback done) {
    if (failed) {
      later(done, Result.FAILED);
    } else {
      parts.gate.request(answer(done));
    }
  }

  void read(BlockRun run, ReplicaContent content, ReplicaStore.ReadCallback done) {
    long[] places = placesOf(run, content);
    if (failed || places.length == 0) {
      timers.after(0, () -> answerRead(run, done));
      return;
    }
    new ReadOperation(
            disk,
            pool,
            parts.segments,
            run,
            places,
            (found, corrupt) -> {
              parts.counters.corrupt(corrupt);
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

  private static long[] placesOf(BlockRun run, ReplicaContent content) {
    long[] places = new long[run.count()];
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

  private void fail(String what) {
    if (!failed && !closed) {
      failed = true;
      failure = what;
      timers.after(0, whenFailed);
      parts.stop();
      parts.cache.fail();
    }
  }

  private void applied(Append append, int index, long place) {
    LogEntry entry = append.entries[index];
    if (append.oldPlaces != null) {
      if (!append.replica.isDropped()) {
        VolumeMap map = append.replica.content().map();
        map.move(entry.first(), append.oldPlaces[index], place);
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

  /** What the parts need of the replicas. */
  private final class Replicas implements LogParts.Owner {
    @Override
    public LogReplica replica(int number) {
      return byNumber.get(number);
    }

    @Override
    public Collection<LogReplica> all() {
      return byNumber.values();
    }

    @Override
    public int nextNumber() {
      return nextNumber;
    }

    @Override
    public void applied(Append append, int index, long place) {
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
    public void failed(String what) {
      fail(what);
    }
  }
}
