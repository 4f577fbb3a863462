package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.disk.FileDisk;
import io.ashlar.net.DataLoop;
import io.ashlar.sim.SimRng;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Kills a process that writes to a store on a real file, again and again on the same file. What it
 * had been told is there must be there, byte for byte, and nothing else but what it was about to
 * write; and the space must be accounted for.
 */
final class KillRun {
  private static final long FILE_BYTES = Format.DATA_OFFSET + 40L * KillWriter.SEGMENT_BYTES;
  private static final int LIVES_MILLIS_MAX = 400;
  private static final long PATIENCE_SECONDS = 60;
  private static final int KILLED = 128 + 9;

  private final Path file;
  private final long seed;
  private final SimRng rng;
  private final long[] versions = new long[KillOperation.BLOCKS];
  private final BlockKind[] kinds = new BlockKind[KillOperation.BLOCKS];
  private long next = 1;
  private long answered;

  private KillRun(Path file, long seed) {
    this.file = file;
    this.seed = seed;
    this.rng = new SimRng(seed).fork("kills");
    Arrays.fill(kinds, BlockKind.UNMAPPED);
  }

  /** Returns how many operations were answered before their process was killed. */
  static long run(long seed, int rounds) throws Exception {
    Path folder = Files.createTempDirectory("ashlar-kill");
    Path file = folder.resolve("disk");
    try {
      FileDisk.createFile(file, FILE_BYTES);
      KillRun run = new KillRun(file, seed);
      for (int round = 0; round < rounds; round++) {
        run.look(run.lifeOfOne());
      }
      return run.answered;
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(file.resolveSibling("errors"));
      Files.delete(folder);
    }
  }

  /** Lets a process write for a while and kills it; returns what it said. */
  private List<Long> lifeOfOne() throws IOException, InterruptedException {
    Path errors = file.resolveSibling("errors");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                StoreMain.class.getName(),
                "writer",
                Long.toString(seed),
                file.toString(),
                Long.toString(next))
            .redirectError(errors.toFile())
            .start();
    List<Long> said = new ArrayList<>();
    try (BufferedReader lines = process.inputReader()) {
      String line = lines.readLine();
      int millis = 1 + rng.nextInt(LIVES_MILLIS_MAX);
      Thread.ofVirtual().start(() -> killAfter(process, millis));
      while (line != null) {
        if (line.endsWith(KillWriter.END)) { // else the kill has cut it short
          said.add(Long.parseLong(line.substring(0, line.length() - KillWriter.END.length())));
        }
        line = lines.readLine();
      }
    }
    assertThat(process.waitFor()).as(Files.readString(errors)).isEqualTo(KILLED);
    return said;
  }

  private static void killAfter(Process process, int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.toHandle().destroyForcibly(); // Process' own closes the stream that is being read
  }

  private void look(List<Long> said) throws Exception {
    answered += said.size();
    for (long number : said) {
      remember(number);
      next = Math.max(next, number + 1);
    }
    next += 100; // what was begun and not answered may be there, too
    DataLoop loop = new DataLoop("look");
    LogStore store = KillWriter.open(file, new AlignedPool(1 << 20), loop);
    CompletableFuture<BlockRun> read = new CompletableFuture<>();
    loop.execute(
        () -> {
          ReplicaStore replica = store.replica(KillWriter.VOLUME).orElseThrow();
          replica.read(
              0,
              KillOperation.BLOCKS,
              (result, run) -> {
                assertThat(result).isEqualTo(ReplicaStore.Result.OK);
                StoreFixture.checkBytes(replica, run);
                run.release();
                read.complete(run);
              });
        });
    BlockRun found = read.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    CompletableFuture<Long> live = new CompletableFuture<>();
    loop.execute(
        () -> {
          live.complete(store.space().liveBytes());
          store.close();
        });
    long data = 0;
    for (int block = 0; block < KillOperation.BLOCKS; block++) {
      check(block, found.kinds()[block], found.versions()[block]);
      data += kinds[block] == BlockKind.DATA ? 1 : 0;
    }
    assertThat(live.get()).as("live bytes").isEqualTo(data << 12);
    loop.close();
  }

  private void remember(long number) {
    KillOperation operation = KillOperation.of(seed, number);
    if (operation.isSync()) {
      return;
    }
    for (int block = operation.first(); block < operation.first() + operation.count(); block++) {
      if (number > versions[block]) {
        versions[block] = number;
        kinds[block] = operation.isTrim() ? BlockKind.TOMBSTONE : BlockKind.DATA;
      }
    }
  }

  private void check(int block, BlockKind kind, long version) {
    if (version != versions[block]) {
      assertThat(version).as("version of block %s", block).isBetween(versions[block], next);
      KillOperation later = KillOperation.of(seed, version);
      assertThat(later.touches(block)).as("%s wrote block %s", later, block).isTrue();
      versions[block] = version;
      kinds[block] = later.isTrim() ? BlockKind.TOMBSTONE : BlockKind.DATA;
    }
    assertThat(kind).as("kind of block %s at %s", block, version).isEqualTo(kinds[block]);
  }
}
