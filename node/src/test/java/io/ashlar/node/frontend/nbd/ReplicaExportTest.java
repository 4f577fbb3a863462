package io.ashlar.node.frontend.nbd;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockDevice.Run;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.disk.DataDisk;
import io.ashlar.disk.FileDisk;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.net.DataLoop;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The export of a replica in a real store on a real file, which is then damaged. */
final class ReplicaExportTest {
  private static final VolumeId VOLUME = new VolumeId("vol-1");
  private static final int SIZE_BYTES = 1 << 20;
  private static final long VERSION = (1L << 42) + 1;
  private static final byte FILLING = 0x5c;

  @TempDir Path folder;
  private final DataLoop loop = new DataLoop("replica-export");
  private final AlignedPool pool = new AlignedPool(1 << 20);
  private Path file;
  private LogStore store;
  private ReplicaStore replica;
  private ReplicaExport export;

  private record Answer(Status status, byte[] data) {}

  @BeforeEach
  void open() throws Exception {
    file = folder.resolve("disk");
    FileDisk.createFile(file, 64 << 20);
    DiskIdentity identity = new DiskIdentity("c1", new NodeId("n1"), "default", 7);
    store = DataDisk.open(file, identity, 1 << 20, StoreOptions.DEFAULT, pool, loop, loop, loop);
    ReplicaMeta meta =
        ReplicaMeta.created(VOLUME, 1, 1, SIZE_BYTES, new View(1, List.of(1L), 1, 1));
    Result made = onLoop(done -> store.create(meta, done::complete));
    assertThat(made).isEqualTo(Result.OK);
    replica = store.replica(VOLUME).orElseThrow();
    export = new ReplicaExport(replica, pool, loop);
    Result written = onLoop(done -> replica.applyIfNewer(twoBlocksAt(3), false, done::complete));
    assertThat(written).isEqualTo(Result.OK);
  }

  @AfterEach
  void close() throws Exception {
    onLoop(
        done -> {
          store.close();
          done.complete(null);
        });
    loop.close();
  }

  private <T> T onLoop(Consumer<CompletableFuture<T>> task) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    loop.execute(() -> task.accept(done));
    return done.get(10, TimeUnit.SECONDS);
  }

  private BlockRun twoBlocksAt(long block) {
    Payload payload = pool.lease(2 * BLOCK_BYTES);
    byte[] bytes = new byte[BLOCK_BYTES];
    Arrays.fill(bytes, FILLING);
    payload.view().put(bytes).put(bytes);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    int sum = (int) crc.getValue();
    return new BlockRun(
        block,
        new BlockKind[] {BlockKind.DATA, BlockKind.DATA},
        new long[] {VERSION, VERSION + 1},
        new int[] {sum, sum},
        payload);
  }

  private Answer read(long offset, int length) throws Exception {
    return submit(Kind.READ, offset, length, null);
  }

  private Answer submit(Kind kind, long offset, int length, Payload data) throws Exception {
    return onLoop(
        done ->
            export.submit(
                1,
                new BlockRequest(
                    kind,
                    offset,
                    length,
                    false,
                    data,
                    (status, out) -> finish(done, status, out))));
  }

  private static void finish(CompletableFuture<Answer> done, Status status, Payload out) {
    byte[] bytes = null;
    if (out != null) {
      bytes = new byte[out.lengthBytes()];
      out.view().get(bytes);
      out.release();
    }
    done.complete(new Answer(status, bytes));
  }

  @Test
  void readsAtAnyAlignmentWithZerosForHoles() throws Exception {
    byte[] whole = new byte[SIZE_BYTES];
    Arrays.fill(whole, 3 * BLOCK_BYTES, 5 * BLOCK_BYTES, FILLING);
    assertThat(read(0, SIZE_BYTES).data()).isEqualTo(whole);
    byte[] part = Arrays.copyOfRange(whole, 3 * BLOCK_BYTES - 100, 4 * BLOCK_BYTES + 1);
    assertThat(read(3 * BLOCK_BYTES - 100, part.length).data()).isEqualTo(part);
    assertThat(read(SIZE_BYTES - 10, 11).status()).isEqualTo(Status.INVALID);
  }

  @Test
  void tellsWhatIsMapped() throws Exception {
    List<Run> runs =
        onLoop(done -> export.mapped(1, 0, SIZE_BYTES, (status, found) -> done.complete(found)));
    assertThat(runs)
        .containsExactly(
            new Run(3 * BLOCK_BYTES, false),
            new Run(2 * BLOCK_BYTES, true),
            new Run(SIZE_BYTES - 5 * BLOCK_BYTES, false));
  }

  @Test
  void damagedBytesAreAnErrorAndNothingElse() throws Exception {
    damage();
    assertThat(read(3 * BLOCK_BYTES, BLOCK_BYTES).status()).isEqualTo(Status.IO_ERROR);
    assertThat(read(0, BLOCK_BYTES).data()).containsOnly(0);
    assertNothingIsLeased();
  }

  private void assertNothingIsLeased() throws Exception {
    long outstanding = onLoop(done -> done.complete(pool.outstanding()));
    assertThat(outstanding).isZero();
  }

  private void damage() throws IOException {
    byte[] block = new byte[BLOCK_BYTES];
    Arrays.fill(block, FILLING);
    ByteBuffer disk = ByteBuffer.wrap(Files.readAllBytes(file));
    int at = 0;
    while (!disk.slice(at, BLOCK_BYTES).equals(ByteBuffer.wrap(block))) {
      at += BLOCK_BYTES;
    }
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(at + 17);
      out.write(0);
    }
  }

  @Test
  void changesAreRefusedAndTheirPayloadsGivenBack() throws Exception {
    Payload data = onLoop(done -> done.complete(pool.lease(BLOCK_BYTES)));
    assertThat(submit(Kind.WRITE, 0, BLOCK_BYTES, data).status()).isEqualTo(Status.INVALID);
    assertThat(submit(Kind.TRIM, 0, BLOCK_BYTES, null).status()).isEqualTo(Status.INVALID);
    assertThat(submit(Kind.FLUSH, 0, 0, null).status()).isEqualTo(Status.OK);
    assertNothingIsLeased();
  }
}
