package io.ashlar.node.frontend.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.node.frontend.fuse.holder.HolderMain;
import io.ashlar.node.mount.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The serving process is killed with SIGKILL again and again while fio writes and then verifies;
 * the holder keeps the device. No I/O error may be seen, and the longest I/O is the stall.
 */
@Tag("kernel")
final class FuseRestartKernelTest {
  private static final Logger log = LoggerFactory.getLogger(FuseRestartKernelTest.class);
  private static final Duration LIMIT = Duration.ofSeconds(40);
  private static final long SIZE_BYTES = 32L << 20;
  private static final int KILLS = 4;
  private static final Pattern MAXIMUM = Pattern.compile("\"max\"\\s*:\\s*(\\d+)[,\\s]");

  @TempDir Path folder;

  private final String tag = "kill-" + ProcessHandle.current().pid();
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void stop() throws IOException, InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly();
    }
    DeviceCleaner.clean(tag, folder.resolve("run"));
    for (Process process : processes) {
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private Process java(Class<?> main, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("processes.log").toFile()))
            .start();
    processes.add(process);
    return process;
  }

  private Process worker() throws IOException {
    return java(FuseWorker.class, tag, folder.toString(), Long.toString(SIZE_BYTES));
  }

  @Test
  void killedDaemonsCostAStallAndNoError() throws Exception {
    var _ = java(HolderMain.class, "--socket", folder.resolve("holder.sock").toString());
    Process worker = worker();
    Path device = folder.resolve("dev/vol-1");
    awaitDevice(device);
    CompletableFuture<ChildProcess.Result> load = CompletableFuture.supplyAsync(() -> fio(device));
    for (int i = 0; i < KILLS; i++) {
      Thread.sleep(1_500);
      worker.destroyForcibly();
      // Not waited for: the next one has to be able to come while the old one dies.
      worker = worker();
    }
    ChildProcess.Result result =
        load.exceptionally(
                failed -> {
                  throw new AssertionError(text(folder.resolve("processes.log")), failed);
                })
            .get(60, TimeUnit.SECONDS);
    assertThat(result.exitCode()).as(result.said()).isZero();
    long longestMillis =
        MAXIMUM
                .matcher(result.output())
                .results()
                .mapToLong(match -> Long.parseLong(match.group(1)))
                .max()
                .orElseThrow()
            / 1_000_000;
    log.info("event=kill_test kills={} longestIoMillis={}", KILLS, longestMillis);
    assertThat(longestMillis).isLessThan(5_000);
  }

  private void awaitDevice(Path device) throws Exception {
    long endNanos = System.nanoTime() + 20_000_000_000L;
    while (!Files.exists(device)) {
      assertThat(System.nanoTime())
          .as(() -> text(folder.resolve("processes.log")))
          .isLessThan(endNanos);
      Thread.sleep(20);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException missing) {
      return missing.toString();
    }
  }

  private static ChildProcess.Result fio(Path device) {
    try {
      return ChildProcess.run(
          LIMIT,
          List.of(
              "fio",
              "--name=v",
              "--filename=" + device,
              "--direct=1",
              "--rw=randwrite",
              "--bs=4k",
              "--size=32M",
              "--iodepth=4",
              "--ioengine=libaio",
              "--rate_iops=1000",
              "--verify=crc32c",
              "--fsync=64",
              "--output-format=json"));
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }
}
