package io.ashlar.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.env.Disk;
import io.ashlar.env.Readiness;
import io.ashlar.net.DataLoop;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The contract of {@link Disk} on a real file, with the kernel's queue and with threads alone. More
 * transfers are asked for at once than the kernel takes at once.
 */
@Timeout(60)
final class FileDiskTest {
  private static final int PAGE_BYTES = 4096;
  private static final int PAGES = 1000;

  @TempDir Path folder;
  private final DataLoop loop = new DataLoop("test");

  @AfterEach
  void close() {
    loop.close();
  }

  private FileDisk open(boolean watches) throws Exception {
    Path file = folder.resolve("disk");
    FileDisk.createFile(file, PAGES * PAGE_BYTES);
    Readiness none = (fd, task) -> Optional.empty();
    return FileDisk.open(file, 2, loop, watches ? loop : none);
  }

  private static ByteBuffer page(int number) {
    byte[] bytes = new byte[PAGE_BYTES];
    new Random(number).nextBytes(bytes);
    ByteBuffer room = ByteBuffer.allocateDirect(2 * PAGE_BYTES).alignedSlice(PAGE_BYTES);
    return room.slice(0, PAGE_BYTES).put(bytes).flip();
  }

  private interface Call {
    void make(int page, ByteBuffer buffer, Disk.Callback done);
  }

  /**
   * Makes a call for each page within one turn of the loop, and waits until all have returned 0.
   */
  private void forAllPages(List<ByteBuffer> buffers, Call call) throws Exception {
    List<CompletableFuture<Integer>> results = new ArrayList<>();
    for (int i = 0; i < PAGES; i++) {
      results.add(new CompletableFuture<>());
    }
    loop.execute(
        () -> {
          for (int i = 0; i < PAGES; i++) {
            CompletableFuture<Integer> result = results.get(i);
            call.make(i, buffers.get(i), result::complete);
            assertThat(result).isNotDone();
          }
        });
    for (CompletableFuture<Integer> result : results) {
      assertThat(result.get(30, TimeUnit.SECONDS)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWasWrittenIsRead(boolean watches) throws Exception {
    List<ByteBuffer> written = new ArrayList<>();
    List<ByteBuffer> read = new ArrayList<>();
    for (int i = 0; i < PAGES; i++) {
      written.add(page(i));
      read.add(page(-1));
    }
    try (FileDisk disk = open(watches)) {
      forAllPages(written, (i, from, done) -> disk.write((long) i * PAGE_BYTES, from, done));
      forAllPages(read, (i, into, done) -> disk.read((long) i * PAGE_BYTES, into, done));
      forAllPages(written, (i, ignored, done) -> disk.sync(done));
    }
    assertThat(read).isEqualTo(written);
  }

  /** Whoever opens the disk next finds all that was asked for before it was closed, or nothing. */
  @Test
  void closingWaitsForWhatIsUnderWay() throws Exception {
    FileDisk disk = open(true);
    CompletableFuture<Void> closed = new CompletableFuture<>();
    loop.execute(
        () -> {
          disk.write(0, page(7), errno -> closed.completeExceptionally(new AssertionError()));
          loop.execute(
              () -> {
                disk.close();
                closed.complete(null);
              });
        });
    closed.get(30, TimeUnit.SECONDS);
    try (FileDisk again = open(true)) {
      ByteBuffer found = page(-1);
      again.readNow(0, found.duplicate());
      assertThat(found).isEqualTo(page(7));
    }
  }

  @Test
  void whatIsNoDiskIsNotEvenOpened() {
    for (Path other : List.of(folder, Path.of("/dev/null"))) {
      assertThatThrownBy(() -> FileDisk.open(other, 1, loop, loop))
          .isInstanceOf(DiskRefusedException.class)
          .hasMessageContaining("neither a file nor a block device");
    }
  }
}
