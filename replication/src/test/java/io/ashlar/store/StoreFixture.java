package io.ashlar.store;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.block.TailEntry;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.sim.SimDisk;
import io.ashlar.sim.SimEvents;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimPool;
import io.ashlar.sim.SimRng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * An engine on a simulated disk, with calls that wait for their outcome. The bytes of a block
 * follow from volume, block and version, so that whatever is read can be checked by itself.
 */
final class StoreFixture {
  static final int SEGMENT_BYTES = 128 << 10;

  /** As little as possible, so that nodes come and go. */
  private static final long MAP_CACHE_BYTES = 1;

  StoreOptions options = new StoreOptions(MAP_CACHE_BYTES, ScrubPlan.NEVER);

  static final DiskIdentity IDENTITY =
      new DiskIdentity("cluster-1", new NodeId("node-1"), "default", 0x1122334455667788L);

  private static final long STEPS_MAX = 2_000_000;

  /**
   * Whether some blocks that are written are sealed: which, and how, follows from their version.
   */
  boolean sealing;

  final SimRng rng;
  final SimEvents events = new SimEvents();
  SimPool pool = new SimPool();
  SimMedium medium;
  SimDisk disk;
  LogStore store;
  private long steps;

  StoreFixture(long seed, int segments) {
    this(seed, new SimMedium(Format.DATA_OFFSET + (long) segments * SEGMENT_BYTES));
  }

  StoreFixture(long seed, SimMedium medium) {
    this.rng = new SimRng(seed);
    this.medium = medium;
  }

  StoreFixture format() {
    disk = new SimDisk(medium, events, rng.fork("format"));
    try {
      StoreFormat.formatIfBlank(disk, pool, IDENTITY, SEGMENT_BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    disk.close();
    return this;
  }

  StoreFixture open() {
    try {
      return tryOpen();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  StoreFixture tryOpen() throws IOException {
    SimDisk mine = new SimDisk(medium, events, new SimRng(rng.nextLong()));
    disk = mine;
    pool = new SimPool();
    store = LogStore.open(mine, pool, (delay, task) -> timer(mine, delay, task), options);
    return this;
  }

  /** Timers die with the process, and so with its handle on the disk. */
  private void timer(SimDisk process, long delayNanos, Runnable task) {
    events.after(
        delayNanos,
        () -> {
          if (process == disk && !process.isDead()) {
            task.run();
          }
        });
  }

  /** The process dies now. */
  void crash() {
    disk.crash();
  }

  void losePower() {
    disk.losePower();
  }

  /** Closes and opens again; everything that was in flight is finished before. */
  void reopen() {
    settle();
    store.close();
    assertThat(pool.outstanding()).as("payloads not given back").isZero();
    open();
  }

  void settle() {
    while (step()) {
      // until nothing is left to do
    }
  }

  /** One event; an engine that never comes to rest is a failure, not a test without end. */
  boolean step() {
    assertThat(++steps).as("events of one test").isLessThan(STEPS_MAX);
    return events.step();
  }

  ReplicaStore create(String volume) {
    VolumeId id = new VolumeId(volume);
    Waiter waiter = new Waiter();
    store.create(meta(volume), waiter);
    assertThat(waiter.await()).isEqualTo(ReplicaStore.Result.OK);
    return store.replica(id).orElseThrow();
  }

  ReplicaStore replica(String volume) {
    return store.replica(new VolumeId(volume)).orElseThrow();
  }

  static ReplicaMeta meta(String volume) {
    return ReplicaMeta.created(
        new VolumeId(volume), 7, 99, 1L << 40, new View(3, List.of(7L, 8L), 5, 6));
  }

  ReplicaStore.Result write(ReplicaStore replica, long block, long... versions) {
    int count = versions.length;
    if (!replica.reserve(count)) {
      return ReplicaStore.Result.NO_SPACE;
    }
    Waiter waiter = new Waiter();
    replica.applyIfNewer(data(replica, block, versions), true, waiter);
    return waiter.await();
  }

  ReplicaStore.Result trim(ReplicaStore replica, long block, long count, long version) {
    Waiter waiter = new Waiter();
    replica.applyRangeIfNewer(block, count, version, waiter);
    return waiter.await();
  }

  ReplicaStore.Result replace(ReplicaStore replica, BlockRun run, long keepFrom) {
    Waiter waiter = new Waiter();
    replica.replace(run, keepFrom, waiter);
    return waiter.await();
  }

  ReplicaStore.Result sync(ReplicaStore replica) {
    Waiter waiter = new Waiter();
    replica.sync(waiter);
    return waiter.await();
  }

  ReplicaStore.Result delete(String volume) {
    Waiter waiter = new Waiter();
    store.delete(new VolumeId(volume), waiter);
    return waiter.await();
  }

  ReplicaStore.Result persist(ReplicaStore replica, ReplicaMeta meta) {
    Waiter waiter = new Waiter();
    replica.persistMeta(meta, waiter);
    return waiter.await();
  }

  List<TailEntry> above(ReplicaStore replica, long version) {
    List<List<TailEntry>> found = new ArrayList<>();
    replica.above(
        version,
        (result, tail) -> {
          assertThat(result).isEqualTo(ReplicaStore.Result.OK);
          found.add(tail);
        });
    while (found.isEmpty()) {
      assertThat(step()).as("the tail never came").isTrue();
    }
    return found.getFirst();
  }

  long[] extentsAbove(ReplicaStore replica, long version, long fromExtent, int limit) {
    List<long[]> found = new ArrayList<>();
    replica.extentsAbove(
        version,
        fromExtent,
        limit,
        (result, extents) -> {
          assertThat(result).isEqualTo(ReplicaStore.Result.OK);
          found.add(extents.extents());
        });
    while (found.isEmpty()) {
      assertThat(step()).as("the extents never came").isTrue();
    }
    return found.getFirst();
  }

  /** Reads, checks the bytes against the versions, and gives the payload back. */
  BlockRun read(ReplicaStore replica, long block, int count) {
    List<BlockRun> found = new ArrayList<>();
    replica.read(
        block,
        count,
        (result, run) -> {
          assertThat(result).isEqualTo(ReplicaStore.Result.OK);
          checkBytes(replica, run);
          run.release();
          found.add(run);
        });
    while (found.isEmpty()) {
      assertThat(step()).as("the read never ended").isTrue();
    }
    return found.getFirst();
  }

  BlockRun data(ReplicaStore replica, long block, long... versions) {
    BlockKind[] kinds = new BlockKind[versions.length];
    Arrays.fill(kinds, BlockKind.DATA);
    return run(replica, block, kinds, versions);
  }

  BlockRun run(ReplicaStore replica, long block, BlockKind[] kinds, long[] versions) {
    return run(pool, sealing, replica.meta().volume(), block, kinds, versions);
  }

  /**
   * @param sealing whether some of the blocks are sealed
   */
  static BlockRun run(
      PayloadPool pool,
      boolean sealing,
      VolumeId volume,
      long block,
      BlockKind[] kinds,
      long[] versions) {
    BlockSeal[] seals = sealing ? new BlockSeal[kinds.length] : null;
    byte[][] stored = new byte[kinds.length][];
    int[] crcs = new int[kinds.length];
    int length = 0;
    for (int i = 0; i < kinds.length; i++) {
      if (kinds[i] == BlockKind.DATA) {
        BlockSeal seal = sealing ? seal(volume, block + i, versions[i]) : null;
        stored[i] = stored(volume, block + i, versions[i], seal);
        crcs[i] = crc(stored[i]);
        length += stored[i].length;
        if (sealing) {
          seals[i] = seal;
        }
      }
    }
    Payload payload = length == 0 ? null : pool.lease(length);
    ByteBuffer into = payload == null ? null : payload.view();
    for (byte[] bytes : stored) {
      if (bytes != null) {
        into.put(bytes);
      }
    }
    return new BlockRun(block, kinds, versions, crcs, seals, payload);
  }

  /** How a block of this version is sealed, where blocks are: a third not, a third with a key. */
  static BlockSeal seal(VolumeId volume, long block, long version) {
    long hash = ByteBuffer.wrap(bytes(volume, block, version)).getLong(64) >>> 1;
    int bytes = 1 + (int) (hash % 3584);
    int keyId = hash / 5 % 3 == 0 ? (int) hash | 1 : 0;
    return switch ((int) (hash / 15 % 4)) {
      case 0 -> keyId == 0 ? null : new BlockSeal(Codec.RAW, BLOCK_BYTES, keyId, hash, ~hash);
      case 1 -> keyId == 0 ? null : new BlockSeal(Codec.ZSTD, bytes, keyId, hash, ~hash);
      case 2 -> BlockSeal.compressed(Codec.LZ4, bytes);
      default -> BlockSeal.compressed(Codec.ZSTD, bytes % 100 + 1);
    };
  }

  /** As the store does not look into them, they need not be what a codec makes of the block. */
  private static byte[] stored(VolumeId volume, long block, long version, BlockSeal seal) {
    return Arrays.copyOf(bytes(volume, block, version), BlockSeal.lengthOf(seal));
  }

  static void checkBytes(ReplicaStore replica, BlockRun run) {
    VolumeId volume = replica.meta().volume();
    for (int i = 0; i < run.count(); i++) {
      if (run.kinds()[i] == BlockKind.DATA) {
        byte[] found = new byte[run.storedBytes(i)];
        run.payload().view(run.payloadOffset(i), found.length).get(found);
        long block = run.firstBlock() + i;
        BlockSeal seal = run.seal(i);
        assertThat(seal).isIn(null, seal(volume, block, run.versions()[i]));
        byte[] wanted = stored(volume, block, run.versions()[i], seal);
        assertThat(Arrays.equals(found, wanted))
            .as("bytes of block %s version %s", block, run.versions()[i])
            .isTrue();
        assertThat(run.crcs()[i]).isEqualTo(crc(wanted));
      }
    }
  }

  static byte[] bytes(VolumeId volume, long block, long version) {
    ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long value = volume.value().hashCode() * 31L + block * 0x9E3779B97F4A7C15L + version * 7919;
    while (bytes.hasRemaining()) {
      bytes.putLong(value);
      value = value * 6364136223846793005L + 1442695040888963407L;
    }
    return bytes.array();
  }

  static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** Runs the simulation until the callback comes. */
  final class Waiter implements ReplicaStore.Callback {
    private ReplicaStore.Result result;

    @Override
    public void done(ReplicaStore.Result outcome) {
      assertThat(result).as("a second callback").isNull();
      result = outcome;
    }

    ReplicaStore.Result await() {
      while (result == null) {
        assertThat(step()).as("the callback never came").isTrue();
      }
      return result;
    }
  }
}
