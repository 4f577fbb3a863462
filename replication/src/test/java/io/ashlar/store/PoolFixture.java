package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.env.Roster;
import io.ashlar.model.Blocks;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.sim.SimDisk;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimPool;
import io.ashlar.sim.SimRng;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.store.pool.PoolOptions;
import io.ashlar.store.pool.PoolReplica;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A pool on simulated disks, which come and go between its lives. Shards are of two extents. What
 * is done with a replica is in {@link #on}.
 */
final class PoolFixture {
  static final int SHARD_BLOCKS = 2 * Blocks.EXTENT_BLOCKS;
  private static final long VOLUME_BYTES = 128L << 20;

  /** Waits for outcomes, and makes and checks contents. */
  final StoreFixture on;

  final List<SimMedium> mediums = new ArrayList<>();
  List<SimDisk> disks = new ArrayList<>();
  DiskPool pool;
  Optional<Roster.Known> known = Optional.empty();
  private final int segments;
  private int process;
  private long diskIds = 1000;

  PoolFixture(long seed, int disks, int segments) {
    this.segments = segments;
    this.on = new StoreFixture(seed, (SimMedium) null);
    for (int i = 0; i < disks; i++) {
      mediums.add(blank());
    }
  }

  /** A formatted disk with nothing on it. */
  SimMedium blank() {
    SimMedium medium =
        new SimMedium(Format.DATA_OFFSET + (long) segments * StoreFixture.SEGMENT_BYTES);
    DiskIdentity identity = new DiskIdentity("c", new NodeId("n"), "default", ++diskIds);
    try (SimDisk disk = new SimDisk(medium, on.events, on.rng.fork("format"))) {
      StoreFormat.formatIfBlank(disk, on.pool, identity, StoreFixture.SEGMENT_BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return medium;
  }

  PoolFixture open() {
    try {
      return tryOpen(mediums);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A process that finds only these disks; waits until it has settled. */
  PoolFixture tryOpen(List<SimMedium> found) throws IOException {
    int mine = ++process;
    on.pool = new SimPool();
    disks = new ArrayList<>();
    List<LogStore> stores = new ArrayList<>();
    for (SimMedium medium : found) {
      SimDisk disk = new SimDisk(medium, on.events, new SimRng(on.rng.nextLong()));
      disks.add(disk);
      stores.add(
          LogStore.open(disk, on.pool, (delay, task) -> timer(mine, delay, task), on.options));
    }
    pool =
        DiskPool.open(
            stores,
            on.pool,
            (delay, task) -> timer(mine, delay, task),
            new Kept(mine),
            new PoolOptions(Blocks.EXTENT_SHIFT + 1));
    settle();
    return this;
  }

  /** A process takes a blank disk into use. */
  void add(ReplicaStore.Callback done) {
    SimMedium medium = blank();
    SimDisk disk = new SimDisk(medium, on.events, new SimRng(on.rng.nextLong()));
    int mine = process;
    try {
      LogStore store =
          LogStore.open(disk, on.pool, (delay, task) -> timer(mine, delay, task), on.options);
      mediums.add(medium);
      disks.add(disk);
      pool.add(store, done);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void timer(int owner, long delayNanos, Runnable task) {
    on.events.after(
        delayNanos,
        () -> {
          if (owner == process) {
            task.run();
          }
        });
  }

  void settle() {
    while (pool.replicas().stream().anyMatch(replica -> !replica.isSettled())) {
      assertThat(on.step()).as("the pool does not settle").isTrue();
    }
  }

  /** The process dies now. */
  void crash() {
    process++;
    disks.forEach(SimDisk::crash);
  }

  void losePower() {
    process++;
    disks.forEach(SimDisk::losePower);
  }

  void reopen() {
    on.settle();
    pool.close();
    assertThat(on.pool.outstanding()).as("payloads not given back").isZero();
    open();
  }

  ReplicaStore create(String volume) {
    StoreFixture.Waiter waiter = on.new Waiter();
    pool.create(StoreFixture.meta(volume).withSizeBytes(VOLUME_BYTES), waiter);
    assertThat(waiter.await()).isEqualTo(ReplicaStore.Result.OK);
    return replica(volume);
  }

  ReplicaStore replica(String volume) {
    return pool.replica(new VolumeId(volume)).orElseThrow();
  }

  /** Index, among those of this process, of the disk that has the block. */
  int diskOf(ReplicaStore replica, long block) {
    LogReplica part = ((PoolReplica) replica).partOf(block);
    for (int i = 0; i < disks.size(); i++) {
      if (pool.stores().get(i).identity().diskId() == part.diskId()) {
        return i;
      }
    }
    throw new AssertionError("block " + block + " is on no disk");
  }

  /** Everything fails on it from now on; waits until the pool knows. */
  void breakDisk(int index) {
    disks.get(index).breakDown();
    ReplicaStore any = pool.replicas().iterator().next();
    StoreFixture.Waiter waiter = on.new Waiter();
    any.vouch(waiter);
    waiter.await();
    on.settle();
  }

  private final class Kept implements Roster {
    private final int owner;

    Kept(int owner) {
      this.owner = owner;
    }

    @Override
    public Optional<Known> known() {
      return known;
    }

    @Override
    public void keepNow(Known next) {
      known = Optional.of(next);
    }

    @Override
    public void keep(Known next, Runnable done) {
      timer(
          owner,
          on.rng.between(10_000, 1_000_000),
          () -> {
            known = Optional.of(next);
            done.run();
          });
    }
  }
}
