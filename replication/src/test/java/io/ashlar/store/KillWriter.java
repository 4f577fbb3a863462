package io.ashlar.store;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.disk.DataDisk;
import io.ashlar.model.VolumeId;
import io.ashlar.net.DataLoop;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The process that {@link KillRun} kills: opens the store of a real file as a node does, runs
 * {@link KillOperation}s, some of them at a time, and says the number of each that was answered.
 */
final class KillWriter {
  static final VolumeId VOLUME = new VolumeId("killed");
  static final int SEGMENT_BYTES = 1 << 20;

  /** Follows the number of an operation that was answered. */
  static final String END = ".";

  private static final int IN_FLIGHT = 24;
  private static final long POOL_BYTES = 4L << 20;

  private final long seed;
  private final DataLoop loop = new DataLoop("data");
  private final AlignedPool pool = new AlignedPool(POOL_BYTES);
  private final PrintStream out = System.out;
  private final LogStore store;
  private ReplicaStore replica;
  private long next;
  private int inFlight;

  private KillWriter(Path file, long seed, long first) throws IOException {
    this.seed = seed;
    this.next = first;
    this.store = open(file, pool, loop);
  }

  static LogStore open(Path file, AlignedPool pool, DataLoop loop) throws IOException {
    StoreOptions options = new StoreOptions(1 << 20, ScrubPlan.NEVER);
    return DataDisk.open(
        file, StoreFixture.IDENTITY, SEGMENT_BYTES, options, pool, loop, loop, loop);
  }

  /** Does not end. */
  static void run(Path file, long seed, long first) throws IOException {
    KillWriter writer = new KillWriter(file, seed, first);
    writer.loop.execute(writer::begin);
  }

  private void begin() {
    if (store.replica(VOLUME).isPresent()) {
      issue();
    } else {
      store.create(StoreFixture.meta(VOLUME.value()), result -> issue());
    }
  }

  private void issue() {
    replica = store.replica(VOLUME).orElseThrow();
    while (inFlight < IN_FLIGHT) {
      start(next++);
    }
  }

  private void start(long number) {
    inFlight++;
    KillOperation operation = KillOperation.of(seed, number);
    ReplicaStore.Callback done =
        result -> {
          if (result != ReplicaStore.Result.OK) {
            System.err.println("operation " + number + " ended with " + result);
            Runtime.getRuntime().halt(1);
          }
          out.println(number + END);
          inFlight--;
          issue();
        };
    if (operation.isSync()) {
      replica.sync(done);
    } else if (operation.isTrim()) {
      replica.applyRangeIfNewer(operation.first(), operation.count(), number, done);
    } else if (replica.reserve(operation.count())) {
      replica.applyIfNewer(data(operation, number), true, done);
    } else {
      done.done(ReplicaStore.Result.NO_SPACE);
    }
  }

  private BlockRun data(KillOperation operation, long number) {
    int count = operation.count();
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    Arrays.fill(kinds, BlockKind.DATA);
    Arrays.fill(versions, number);
    return StoreFixture.run(pool, true, VOLUME, operation.first(), kinds, versions);
  }
}
