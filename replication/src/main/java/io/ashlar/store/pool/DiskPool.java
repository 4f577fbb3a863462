package io.ashlar.store.pool;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Roster;
import io.ashlar.env.Roster.Known;
import io.ashlar.env.Timers;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Spread;
import io.ashlar.model.VolumeId;
import io.ashlar.store.LogReplica;
import io.ashlar.store.LogStore;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.StoreEngine;
import io.ashlar.store.StoreOpenException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The disks of a node as one engine. Each replica has its small state on every disk, and each of
 * its shards on one. A disk that fails takes its shards with it and nothing else: replicas that had
 * some there are not complete until an attempt made these anew from other copies.
 *
 * <p>Which disks are in use is kept in the {@link Roster}, and what is written without a disk
 * counts only once the roster is without it: so a disk that was left behind is known for it when it
 * is the only one that comes back. Loop thread only.
 */
public final class DiskPool implements StoreEngine {
  /** Disks in a pool at most. */
  public static final int DISKS_MAX = Spread.DISKS_MAX;

  private static final long RETRY_NANOS = 1_000_000_000L;

  private final List<PoolDisk> disks = new ArrayList<>();
  private final TreeMap<VolumeId, PoolReplica> replicas = new TreeMap<>();
  private final TreeSet<VolumeId> creating = new TreeSet<>();
  private final PayloadPool payloads;
  private final Timers timers;
  private final Roster roster;
  private final PoolOptions options;
  private Known kept;
  private boolean keeping;
  private final ArrayDeque<Runnable> whenKept = new ArrayDeque<>();
  private Listener listener = volume -> {};
  private boolean closed;

  private DiskPool(PayloadPool payloads, Timers timers, Roster roster, PoolOptions options) {
    this.payloads = payloads;
    this.timers = timers;
    this.roster = roster;
    this.options = options;
  }

  /**
   * Takes opened disks over; the caller closes them if this fails. Blocking.
   *
   * @throws StoreOpenException if disks are missing of which nobody knows whether they have newer
   *     data, or there are too many, or two with the same id
   */
  public static DiskPool open(
      List<LogStore> stores,
      PayloadPool payloads,
      Timers timers,
      Roster roster,
      PoolOptions options)
      throws IOException {
    DiskPool pool = new DiskPool(payloads, timers, roster, options);
    pool.take(stores);
    return pool;
  }

  private void take(List<LogStore> stores) throws IOException {
    for (LogStore store : stores) {
      PoolDisk disk = new PoolDisk(store);
      disks.add(disk);
      store.whenFailed(() -> diskFailed(disk));
    }
    List<Long> present = ids();
    OpeningChecks.refuseOddPools(present);
    Map<VolumeId, Map<PoolDisk, LogReplica>> found = new TreeMap<>();
    for (PoolDisk disk : disks) {
      for (LogReplica part : disk.store().replicas()) {
        found.computeIfAbsent(part.meta().volume(), v -> new LinkedHashMap<>()).put(disk, part);
      }
    }
    Optional<Known> known = roster.known();
    if (known.isEmpty()) {
      OpeningChecks.refuseHalfPools(found, present);
    }
    List<Long> stayed = new ArrayList<>(known.map(Known::disks).orElse(present));
    stayed.retainAll(present);
    if (stayed.isEmpty() && found.isEmpty() && known.isPresent()) {
      OpeningChecks.refuseToBeginAnew(known.get());
    }
    int epoch = Math.max(known.map(Known::epoch).orElse(0), OpeningChecks.highestEpoch(found));
    kept = new Known(epoch, known.map(Known::disks).orElse(List.of()));
    if (!stayed.equals(kept.disks())) {
      kept = new Known(epoch + 1, stayed);
      roster.keepNow(kept);
    }
    found.forEach((volume, parts) -> replicas.put(volume, new PoolReplica(this, parts, stayed)));
    timers.after(0, this::settle);
  }

  /** Disks that were not in use become so once every replica has its state on them. */
  private void settle() {
    List<PoolReplica> waiting =
        replicas.values().stream().filter(replica -> !replica.isSettled()).toList();
    Gather all = new Gather(waiting.size() + 1, ignored -> keepRoster());
    waiting.forEach(replica -> replica.settle(all));
    all.done(Result.OK);
  }

  // ---- the disks

  private List<Long> ids() {
    return disks.stream().filter(disk -> !disk.isGone()).map(PoolDisk::id).toList();
  }

  /** Disks that are there. */
  List<PoolDisk> disks() {
    return disks.stream().filter(disk -> !disk.isGone()).toList();
  }

  List<Long> diskIds() {
    return ids();
  }

  /** An operation on the disk has failed. */
  void diskFailed(PoolDisk disk) {
    if (disk.isGone() || closed) {
      return;
    }
    disk.goes();
    if (!failed()) {
      keepRoster();
    }
    for (PoolReplica replica : List.copyOf(replicas.values())) {
      if (replica.diskGone(disk)) {
        listener.partLost(replica.meta().volume());
      }
    }
  }

  /**
   * Takes another disk into use, which has nothing of ours on it; takes it over.
   *
   * @param done OK: it is in use. Else it is not, and closed
   */
  public void add(LogStore store, ReplicaStore.Callback done) {
    PoolDisk disk = new PoolDisk(store);
    boolean refused =
        disks().size() >= Spread.DISKS_MAX
            || ids().contains(disk.id())
            || !store.replicas().isEmpty();
    if (refused) {
      store.close();
      later(() -> done.done(Result.FAILED));
      return;
    }
    disks.add(disk);
    store.whenFailed(() -> diskFailed(disk));
    List<PoolReplica> all = List.copyOf(replicas.values());
    Gather came =
        new Gather(
            all.size() + 1,
            ignored -> {
              keepRoster();
              whenRosterIsKept(() -> done.done(disk.isGone() ? Result.FAILED : Result.OK));
            });
    all.forEach(replica -> replica.diskCame(disk, came));
    came.done(Result.OK);
  }

  /**
   * Moves everything off a disk, in use; it gets nothing new from now on, until {@link #stays}.
   *
   * @param done OK: no replica has anything there, or it stays. NO_SPACE: the other disks have no
   *     room for it. GONE: it has failed, or is unknown
   */
  public void drain(long id, ReplicaStore.Callback done) {
    Optional<PoolDisk> disk = disk(id);
    if (disk.isEmpty()) {
      later(() -> done.done(Result.GONE));
      return;
    }
    disk.get().drains(true);
    drainOne(disk.get(), done);
  }

  /** The disk gets nothing new, as if a drain had begun, and one that was to end goes on. */
  public void drains(long id) {
    disk(id).ifPresent(disk -> disk.drains(true));
  }

  /** A drain ends where it is, and the disk is used again. */
  public void stays(long id) {
    disk(id).ifPresent(disk -> disk.drains(false));
  }

  /** Whether it works, and gets nothing new. */
  public boolean isDraining(long id) {
    return disk(id).filter(PoolDisk::isDraining).isPresent();
  }

  /** Whether it works, and a replica has something there, or on its way there. */
  public boolean isNeeded(long id) {
    return disk(id).filter(this::isNeeded).isPresent();
  }

  private boolean isNeeded(PoolDisk disk) {
    return replicas.values().stream().anyMatch(replica -> replica.needs(disk));
  }

  private Optional<PoolDisk> disk(long id) {
    return disks().stream().filter(disk -> disk.id() == id).findFirst();
  }

  private void drainOne(PoolDisk disk, ReplicaStore.Callback done) {
    Optional<PoolReplica> next =
        replicas.values().stream().filter(replica -> replica.needs(disk)).findFirst();
    if (closed || disk.isGone() || !disk.isDraining() || next.isEmpty()) {
      later(() -> done.done(disk.isGone() ? Result.GONE : Result.OK));
      return;
    }
    next.get()
        .moveOne(
            disk,
            result -> {
              switch (result) {
                case OK -> drainOne(disk, done);
                case NO_SPACE, FAILED -> done.done(result);
                case GONE -> timers.after(RETRY_NANOS, () -> drainOne(disk, done));
              }
            });
  }

  /** Shards on the disk, of all replicas. */
  public int shardsOn(long id) {
    return disk(id)
        .map(disk -> replicas.values().stream().mapToInt(each -> each.shardsOn(disk)).sum())
        .orElse(0);
  }

  /**
   * Takes a disk out of use, and closes it; one that has failed too.
   *
   * @param done OK: it is out. GONE: it still has shards (drain it), is unknown, or is the last one
   */
  public void remove(long id, ReplicaStore.Callback done) {
    Optional<PoolDisk> failed =
        disks.stream().filter(disk -> disk.isGone() && disk.id() == id).findFirst();
    if (failed.isPresent() && !failed()) {
      whenRosterIsKept(() -> close(failed.get(), done));
      return;
    }
    Optional<PoolDisk> disk = disk(id);
    if (disk.isEmpty() || disks().size() == 1) {
      later(() -> done.done(Result.GONE));
      return;
    }
    disk.get().drains(true);
    List<PoolReplica> all = List.copyOf(replicas.values());
    Gather placed = new Gather(all.size() + 1, ignored -> removeUnused(disk.get(), done));
    all.forEach(replica -> replica.respread(old -> old, placed)); // what was being placed is now
    placed.done(Result.OK);
  }

  private void removeUnused(PoolDisk disk, ReplicaStore.Callback done) {
    if (disk.isGone() || isNeeded(disk) || disks().size() == 1) {
      later(() -> done.done(Result.GONE));
      return;
    }
    diskFailed(disk);
    whenRosterIsKept(() -> close(disk, done));
  }

  private void close(PoolDisk disk, ReplicaStore.Callback done) {
    disk.store().close();
    disks.remove(disk);
    done.done(Result.OK);
  }

  private void keepRoster() {
    List<Long> now = ids();
    if (keeping || closed || now.isEmpty() || now.equals(kept.disks())) {
      return;
    }
    kept = new Known(kept.epoch() + 1, now);
    keeping = true;
    roster.keep(kept, this::rosterKept);
  }

  private void rosterKept() {
    keeping = false;
    if (closed) {
      return;
    }
    keepRoster();
    while (!keeping && !whenKept.isEmpty()) {
      whenKept.poll().run();
    }
  }

  /** Runs the task once no disk that has failed is in the roster; perhaps at once. */
  void whenRosterIsKept(Runnable task) {
    if (keeping) {
      whenKept.add(task);
    } else {
      task.run();
    }
  }

  /** Of the first change of a replica's state after a change of disks. */
  long firstSequence() {
    return (long) kept.epoch() << Integer.SIZE;
  }

  /** Chooses among these disks, with what all replicas have on them. */
  Emptiest emptiest(List<PoolDisk> candidates) {
    Emptiest emptiest = new Emptiest(candidates);
    for (PoolReplica replica : replicas.values()) {
      candidates.forEach(disk -> emptiest.counts(disk, replica.shardsOn(disk)));
    }
    return emptiest;
  }

  PayloadPool payloads() {
    return payloads;
  }

  // ---- the engine

  @Override
  public void listen(Listener next) {
    listener = next;
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
        "the pool has a replica of %s already",
        volume);
    Spread spread =
        Spread.blank(options.shardShift(), meta.sizeBytes())
            .naming(ids())
            .withSequence(firstSequence());
    ReplicaMeta full = meta.withSpread(spread);
    Map<PoolDisk, LogReplica> parts = new LinkedHashMap<>();
    List<PoolDisk> all = disks();
    Gather made =
        new Gather(
            all.size() + 1,
            worst -> {
              creating.remove(volume);
              if (!parts.isEmpty()) {
                replicas.put(volume, new PoolReplica(this, parts, ids()));
                done.done(Result.OK);
              } else {
                done.done(worst);
              }
            });
    for (PoolDisk disk : all) {
      createPart(
          disk,
          full,
          result -> {
            if (result == Result.OK && !disk.isGone()) {
              parts.put(disk, disk.store().replica(volume).orElseThrow());
            }
            made.done(result);
          });
    }
    later(() -> made.done(all.isEmpty() ? Result.FAILED : Result.OK));
  }

  void createPart(PoolDisk disk, ReplicaMeta meta, ReplicaStore.Callback done) {
    disk.store().create(meta, result -> done.done(seen(disk, result)));
  }

  @Override
  public void delete(VolumeId volume, ReplicaStore.Callback done) {
    PoolReplica replica = replicas.remove(volume);
    if (replica == null) {
      boolean failed = failed();
      later(() -> done.done(failed ? Result.FAILED : Result.OK));
      return;
    }
    replica.deleted();
    List<PoolDisk> all = disks();
    Gather deleted = new Gather(all.size() + 1, worst -> done.done(failed() ? worst : Result.OK));
    for (PoolDisk disk : all) {
      deletePart(disk, volume, deleted);
    }
    later(() -> deleted.done(Result.OK));
  }

  void deletePart(PoolDisk disk, VolumeId volume, ReplicaStore.Callback done) {
    disk.store().delete(volume, result -> done.done(seen(disk, result)));
  }

  /** What a disk's result means for its replica; a failed disk is noted. */
  Result seen(PoolDisk disk, Result result) {
    if (result != Result.FAILED) {
      return result;
    }
    diskFailed(disk);
    return failed() ? Result.FAILED : Result.GONE;
  }

  void later(Runnable task) {
    timers.after(
        0,
        () -> {
          if (!closed) {
            task.run();
          }
        });
  }

  @Override
  public Space space() {
    long total = 0;
    long free = 0;
    long reserved = 0;
    long live = 0;
    for (PoolDisk disk : disks()) {
      Space one = disk.space();
      total += one.totalBytes();
      free += one.freeBytes();
      reserved += one.reservedBytes();
      live += one.liveBytes();
    }
    return new Space(total, free, reserved, live);
  }

  @Override
  public boolean failed() {
    return disks.stream().allMatch(PoolDisk::isGone);
  }

  /** Number of disks that are there. */
  public int size() {
    return disks().size();
  }

  /** All disks that were opened, failed ones too, for figures and operators. */
  public List<LogStore> stores() {
    return disks.stream().map(PoolDisk::store).toList();
  }

  @Override
  public void close() {
    closed = true;
    disks.forEach(disk -> disk.store().close());
  }
}
