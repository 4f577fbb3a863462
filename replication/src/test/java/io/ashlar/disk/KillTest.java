package io.ashlar.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Blocks;
import io.ashlar.store.LogStore;
import io.ashlar.store.ReplicaStore;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that writes to a real file is killed with SIGKILL again and again; what it said was
 * applied must be there, or something it queued later. {@code -Dstore.kills=N} kills more often.
 */
final class KillTest {
  private static final int FILE_BYTES = 16 << 20;

  private final TreeMap<Long, Long> applied = new TreeMap<>();
  private long lastQueued;

  @Test
  @Timeout(120)
  void whatWasAppliedSurvivesKills(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("disk");
    FileDisk.createFile(file, FILE_BYTES);
    Random random = new Random(5);
    for (int round = 0; round < Integer.getInteger("store.kills", 3); round++) {
      writeAndKill(file, 300 + random.nextInt(3000));
      check(file);
    }
    assertThat(applied).hasSizeGreaterThan(100);
  }

  @Test
  void diskInUseIsRefused(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("disk");
    FileDisk.createFile(file, FILE_BYTES);
    try (LogStore first = KillWriter.open(file, new RealLoop())) {
      assertThat(first.identity()).isEqualTo(KillWriter.IDENTITY);
      assertThatThrownBy(() -> KillWriter.open(file, new RealLoop()))
          .hasMessageContaining("in use by another process");
    }
  }

  private void writeAndKill(Path file, int lines) throws Exception {
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            KillWriter.class.getName(),
            file.toString(),
            Long.toString(lastQueued));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader output = process.inputReader()) {
      int seen = 0;
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        note(line);
        if (++seen == lines) {
          // Unlike Process.destroyForcibly this leaves the pipe with the last lines open.
          process.toHandle().destroyForcibly();
        }
      }
      assertThat(seen).isGreaterThanOrEqualTo(lines);
    } finally {
      process.destroyForcibly();
    }
    process.waitFor();
  }

  private void note(String line) {
    String[] words = line.split(" ");
    if (words.length >= 3 && words[0].equals("queued")) {
      lastQueued = Math.max(lastQueued, Long.parseLong(words[2]));
    } else if (words.length == 4) {
      assertThat(words[3]).isEqualTo("OK");
      applied.merge(Long.parseLong(words[1]), Long.parseLong(words[2]), Math::max);
    }
  }

  private void check(Path file) throws Exception {
    RealLoop loop = new RealLoop();
    try (LogStore store = KillWriter.open(file, loop)) {
      ReplicaStore replica = store.replica(KillWriter.VOLUME).orElseThrow();
      BlockRun found = read(replica, loop);
      int index = 0;
      for (int i = 0; i < found.count(); i++) {
        assertThat(found.versions()[i])
            .as("version of block %s", i)
            .isGreaterThanOrEqualTo(applied.getOrDefault((long) i, 0L));
        assertThat(found.kinds()[i]).isNotEqualTo(BlockKind.CORRUPT);
        if (found.kinds()[i] == BlockKind.DATA) {
          byte[] bytes = new byte[Blocks.BLOCK_BYTES];
          found.payload().view(index++ * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES).get(bytes);
          assertThat(Arrays.equals(bytes, KillWriter.bytes(i, found.versions()[i]))).isTrue();
        }
      }
      found.release();
    }
  }

  private static BlockRun read(ReplicaStore replica, RealLoop loop) throws InterruptedException {
    List<BlockRun> found = new ArrayList<>();
    replica.read(0, KillWriter.BLOCKS, (result, run) -> found.add(run));
    while (found.isEmpty()) {
      loop.step();
    }
    return found.getFirst();
  }
}
