package io.ashlar.node.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.disk.FileDisk;
import io.ashlar.model.Blocks;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.pool.DiskChanges.State;
import io.ashlar.node.pool.DiskRefusal.Kind;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are files with holes, added, drained and removed while a volume is on them. */
final class DiskChangesTest {
  private static final VolumeId VOLUME = new VolumeId("vol-1");
  private static final long VOLUME_BYTES = 16L << 30;
  private static final int SHARD_BLOCKS = 1 << 20;
  private static final long DRAIN_SECONDS = 30;

  @TempDir Path folder;
  private final DataLoop loop = new DataLoop("test");

  @AfterEach
  void end() {
    loop.close();
  }

  private Path file(String name) throws IOException {
    Path file = folder.resolve(name);
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(DiskSettings.FILE_BYTES_MIN);
    }
    return file;
  }

  /** One life of the node. */
  private final class Life implements AutoCloseable {
    final NodeDisks disks;
    final DiskChanges changes;

    Life(Path... configured) throws IOException, InterruptedException {
      DiskSettings settings =
          new DiskSettings(
              Arrays.asList(configured),
              Optional.empty(),
              DiskSettings.FILE_BYTES_MIN,
              StoreOptions.DEFAULT);
      disks =
          new DiskOpening(
                  folder,
                  settings,
                  new DiskOpening.Owner("c", new NodeId("n1"), "default"),
                  new SecureRandom()::nextLong,
                  new AlignedPool(1 << 20),
                  loop)
              .open();
      changes = disks.changes();
      CompletableFuture.runAsync(disks::start, loop).join();
    }

    List<Path> used() throws InterruptedException {
      return changes.list().stream()
          .filter(disk -> disk.state() != State.LEFT_OUT)
          .map(DiskChanges.View::path)
          .toList();
    }

    DiskChanges.View view(Path path) throws InterruptedException {
      return changes.list().stream().filter(disk -> disk.path().equals(path)).findFirst().get();
    }

    long id(Path path) throws InterruptedException {
      return Long.parseUnsignedLong(view(path).id(), 16);
    }

    Result awaited(Consumer<ReplicaStore.Callback> begin) {
      CompletableFuture<Result> done = new CompletableFuture<>();
      loop.execute(() -> begin.accept(done::complete));
      return done.join();
    }

    /** A replica with something in each of its four shards, which go to the emptiest disks. */
    void fill() {
      ReplicaMeta meta =
          ReplicaMeta.created(VOLUME, 1, 1, VOLUME_BYTES, new View(1, List.of(1L), 1, 1));
      assertThat(awaited(done -> disks.pool().create(meta, done))).isEqualTo(Result.OK);
      for (int shard = 0; shard < 4; shard++) {
        BlockRun run = block((long) shard * SHARD_BLOCKS);
        assertThat(
                awaited(
                    done -> {
                      ReplicaStore replica = disks.pool().replica(VOLUME).orElseThrow();
                      replica.applyIfNewer(run, replica.reserve(1), done);
                    }))
            .isEqualTo(Result.OK);
      }
    }

    private BlockRun block(long block) {
      byte[] bytes = new byte[Blocks.BLOCK_BYTES];
      Arrays.fill(bytes, (byte) (1 + block));
      CRC32C crc = new CRC32C();
      crc.update(bytes);
      return new BlockRun(
          block,
          new BlockKind[] {BlockKind.DATA},
          new long[] {1},
          new int[] {(int) crc.getValue()},
          Payload.unpooled(ByteBuffer.wrap(bytes)));
    }

    void awaitState(Path path, State wanted) throws InterruptedException {
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
      while (view(path).state() != wanted) {
        assertThat(System.nanoTime()).as("%s is not %s", view(path), wanted).isLessThan(until);
        Thread.sleep(10);
      }
    }

    @Override
    public void close() {
      CompletableFuture.runAsync(disks::stop, loop).join();
      disks.close();
    }
  }

  private static void assertRefused(Kind kind, String words, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            DiskRefusal.class, refused -> assertThat(refused.kind()).isEqualTo(kind))
        .hasMessageContaining(words);
  }

  @Test
  void anAddedDiskIsUsedNowAndAtTheNextStart() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first)) {
      DiskChanges.View added = life.changes.add(second, 0, false);
      assertThat(added.state()).isEqualTo(State.IN_USE);
      life.fill();
      assertThat(life.view(first).shards()).isEqualTo(2);
      assertThat(life.view(second).shards()).isEqualTo(2);
    }
    try (Life life = new Life(first)) {
      assertThat(life.used()).containsExactly(first, second);
      assertThat(life.view(second).shards()).isEqualTo(2);
    }
  }

  @Test
  void aFileIsMadeIfItsSizeIsGiven() throws Exception {
    Path made = folder.resolve("made");
    try (Life life = new Life(file("first"))) {
      assertRefused(Kind.INVALID, "does not exist", () -> life.changes.add(made, 0, false));
      assertRefused(Kind.INVALID, "want at least", () -> life.changes.add(made, 4096, false));
      assertThat(made).doesNotExist();
      life.changes.add(made, DiskSettings.FILE_BYTES_MIN, false);
      assertThat(life.used()).contains(made);
    }
  }

  @Test
  void whatIsSomethingElseIsRefusedUnlessItMayBeErased() throws Exception {
    Path foreign = file("foreign");
    Files.writeString(foreign, "something else");
    try (RandomAccessFile more = new RandomAccessFile(foreign.toFile(), "rw")) {
      more.setLength(DiskSettings.FILE_BYTES_MIN);
    }
    try (Life life = new Life(file("first"))) {
      assertRefused(Kind.WRONG_STATE, "something else", () -> life.changes.add(foreign, 0, false));
      assertThat(firstBytes(foreign)).isEqualTo("something else");
      life.changes.add(foreign, 0, true);
      assertThat(life.used()).contains(foreign);
    }
  }

  private static String firstBytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes("something else".length()), StandardCharsets.UTF_8);
    }
  }

  @Test
  void whatIsInUseIsRefusedEvenIfItMayBeErased() throws Exception {
    Path first = file("first");
    Path other = file("other");
    FileDisk held = FileDisk.open(other, 1, loop, loop);
    try (Life life = new Life(first)) {
      assertRefused(Kind.WRONG_STATE, "in use", () -> life.changes.add(other, 0, true));
      assertRefused(Kind.WRONG_STATE, "in use", () -> life.changes.add(first, 0, true));
    }
    held.close();
  }

  @Test
  void aPathThatCouldNotBeKeptIsRefused() throws Exception {
    try (Life life = new Life(file("first"))) {
      for (String odd : List.of("relative", "/a/../b", "/a\nb", "")) {
        assertRefused(Kind.INVALID, "absolute", () -> life.changes.add(Path.of(odd), 0, false));
      }
      Path longest = Path.of("/" + "p".repeat(5_000));
      assertRefused(Kind.INVALID, "longer", () -> life.changes.add(longest, 1 << 30, false));
      Path nowhere = file("none").resolve("disk");
      assertRefused(Kind.INVALID, "made", () -> life.changes.add(nowhere, 1 << 30, false));
    }
  }

  @Test
  void aDrainedDiskIsEmptyAndStaysSoAndCanBeRemoved() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first, second)) {
      life.fill();
      long id = life.id(first);
      assertRefused(Kind.WRONG_STATE, "drain it first", () -> life.changes.remove(id));
      life.changes.drain(id, true);
      life.awaitState(first, State.DRAINED);
      assertThat(life.view(first).shards()).isZero();
      assertThat(life.view(second).shards()).isEqualTo(4);
    }
    try (Life life = new Life(first, second)) {
      life.awaitState(first, State.DRAINED);
      life.changes.remove(life.id(first));
      assertThat(life.used()).containsExactly(second);
    }
    try (Life life = new Life(first, second)) {
      assertThat(life.used()).containsExactly(second);
      assertThat(life.view(second).shards()).isEqualTo(4);
    }
  }

  @Test
  void aRemovedDiskComesBackBlankAndOnlyIfItIsAdded() throws Exception {
    Path first = file("first");
    Path second = file("second");
    long removed;
    try (Life life = new Life(first, second)) {
      removed = life.id(first);
      life.changes.drain(removed, true);
      life.awaitState(first, State.DRAINED);
      life.changes.remove(removed);
      life.fill();
      life.changes.add(first, 0, false);
      assertThat(life.id(first)).isNotEqualTo(removed);
      assertThat(life.view(first).state()).isEqualTo(State.IN_USE);
    }
    try (Life life = new Life(first, second)) {
      assertThat(life.used()).containsExactlyInAnyOrder(first, second);
    }
  }

  @Test
  void theFileOfARemovedDiskIsNotMadeAnew() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first, second)) {
      long id = life.id(first);
      life.changes.drain(id, true);
      life.awaitState(first, State.DRAINED);
      life.changes.remove(id);
    }
    Files.delete(first);
    try (Life life = new Life(first, second)) {
      assertThat(life.used()).containsExactly(second);
      assertThat(first).doesNotExist();
    }
  }

  @Test
  void aCancelledDrainLetsTheDiskBeUsedAgain() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first, second)) {
      life.changes.drain(life.id(first), true);
      life.awaitState(first, State.DRAINED);
      life.changes.drain(life.id(first), false);
      life.fill();
      assertThat(life.view(first).shards()).isEqualTo(2);
      life.changes.drain(life.id(first), true);
      life.awaitState(first, State.DRAINED);
    }
  }

  @Test
  void theLastDiskStays() throws Exception {
    Path only = file("only");
    try (Life life = new Life(only)) {
      long id = life.id(only);
      assertRefused(Kind.WRONG_STATE, "only one", () -> life.changes.drain(id, true));
      assertRefused(Kind.WRONG_STATE, "only one", () -> life.changes.remove(id));
      assertRefused(Kind.UNKNOWN_DISK, "no disk", () -> life.changes.remove(id + 1));
    }
  }

  @Test
  void aDiskWithPartsOfVolumesIsNotTakenAsABlankOne() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first, second)) {
      life.fill();
    }
    Path away = Files.move(second, folder.resolve("away"));
    Files.createSymbolicLink(second, folder.resolve("nothing"));
    try (Life life = new Life(first, second)) {
      assertThat(life.view(second).state()).isEqualTo(State.LEFT_OUT);
      assertRefused(
          Kind.WRONG_STATE, "start the daemon again", () -> life.changes.add(away, 0, false));
      assertThat(life.used()).containsExactly(first);
    }
    Files.delete(second);
    Files.move(away, second);
    try (Life life = new Life(first, second)) {
      assertThat(life.view(second).shards()).isEqualTo(2);
    }
  }

  @Test
  void anotherDiskInThePlaceOfAnAddedOneIsLeftOut() throws Exception {
    Path first = file("first");
    Path second = file("second");
    try (Life life = new Life(first)) {
      life.changes.add(second, 0, false);
    }
    Files.delete(second);
    file("second");
    try (Life life = new Life(first)) {
      assertThat(life.used()).containsExactly(first);
      assertThat(life.view(second).state()).isEqualTo(State.LEFT_OUT);
      assertThat(life.view(second).detail()).contains("a blank one");
      life.changes.add(second, 0, false);
      assertThat(life.view(second).state()).isEqualTo(State.IN_USE);
    }
    try (Life life = new Life(first)) {
      assertThat(life.used()).containsExactly(first, second);
    }
  }

  @Test
  void damagedOrdersStopTheStart() throws Exception {
    Path first = file("first");
    try (Life life = new Life(first)) {
      life.changes.add(file("second"), 0, false);
    }
    Path orders = folder.resolve("disk-orders");
    Files.writeString(orders, Files.readString(orders).replace("second", "secund"));
    assertThatThrownBy(() -> new Life(first)).hasMessageContaining("is damaged");
    assertThat(orders).content().contains("secund");
  }
}
