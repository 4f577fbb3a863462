package io.ashlar.disk;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

/**
 * The process to be killed: writes without end, and tells each version before it is queued and once
 * it is applied.
 */
final class KillWriter {
  static final VolumeId VOLUME = new VolumeId("v");
  static final DiskIdentity IDENTITY = new DiskIdentity("c", new NodeId("n"), "default", 77);
  static final int SEGMENT_BYTES = 256 << 10;
  static final int BLOCKS = 600;
  private static final int IN_FLIGHT = 8;

  private KillWriter() {}

  static LogStore open(Path path, RealLoop loop) throws Exception {
    return DataDisk.open(
        path,
        IDENTITY,
        SEGMENT_BYTES,
        StoreOptions.DEFAULT,
        new AlignedPool(4 << 20),
        loop,
        loop,
        loop);
  }

  public static void main(String[] arguments) throws Exception {
    RealLoop loop = new RealLoop();
    LogStore store = open(Path.of(arguments[0]), loop);
    long version = Long.parseLong(arguments[1]);
    Random random = new Random(version);
    if (store.replica(VOLUME).isEmpty()) {
      create(store, loop);
    }
    ReplicaStore replica = store.replica(VOLUME).orElseThrow();
    int[] inFlight = new int[1];
    while (true) {
      while (inFlight[0] >= IN_FLIGHT) {
        loop.step();
      }
      long block = random.nextInt(BLOCKS);
      long mine = ++version;
      inFlight[0]++;
      ReplicaStore.Callback done =
          result -> {
            inFlight[0]--;
            System.out.println("applied " + block + " " + mine + " " + result);
          };
      System.out.println("queued " + block + " " + mine);
      if (random.nextInt(10) == 0) {
        replica.applyRangeIfNewer(block, 1, mine, done);
      } else if (replica.reserve(1)) {
        replica.applyIfNewer(run(block, mine), true, done);
      } else {
        throw new IllegalStateException("no space");
      }
    }
  }

  private static void create(LogStore store, RealLoop loop) throws InterruptedException {
    View view = new View(1, List.of(1L), 1, 1);
    store.create(ReplicaMeta.created(VOLUME, 1, 2, 1L << 30, view), ignored -> {});
    while (store.replica(VOLUME).isEmpty()) {
      loop.step();
    }
  }

  private static BlockRun run(long block, long version) {
    byte[] bytes = bytes(block, version);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return new BlockRun(
        block,
        new BlockKind[] {BlockKind.DATA},
        new long[] {version},
        new int[] {(int) crc.getValue()},
        Payload.unpooled(ByteBuffer.wrap(bytes)));
  }

  static byte[] bytes(long block, long version) {
    ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long i = 0; bytes.hasRemaining(); i++) {
      bytes.putLong(block * 31 + version * 7919 + i);
    }
    return bytes.array();
  }
}
