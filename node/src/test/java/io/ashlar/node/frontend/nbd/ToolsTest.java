package io.ashlar.node.frontend.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other people's clients against our server, each where it is installed. */
@Tag("kernel")
final class ToolsTest {
  private static final long LIMIT_SECONDS = 60;

  @TempDir Path folder;
  private NbdFixture nbd;

  @BeforeEach
  void start() throws IOException {
    nbd = new NbdFixture(folder);
  }

  @AfterEach
  void everythingIsGivenBack() throws Exception {
    assertThat(nbd.eventually(() -> nbd.pool.outstanding() == 0)).isTrue();
    nbd.close();
  }

  private String uri(String export) {
    return "nbd+unix:///" + export + "?socket=" + nbd.socket;
  }

  private String run(String... command) throws IOException, InterruptedException {
    boolean installed =
        Stream.of("/usr/bin", "/usr/local/bin")
            .anyMatch(place -> Files.isExecutable(Path.of(place, command[0])));
    assumeTrue(installed, command[0] + " is not installed");
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(List.of(command))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(ended).as(text).isTrue();
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }

  @Test
  void nbdinfoSeesExportsFlagsAndTheMap() throws Exception {
    String list = run("nbdinfo", "--list", "nbd+unix:///?socket=" + nbd.socket);
    assertThat(list).contains("export=\"disk\"", "export=\"readonly\"", "base:allocation");
    assertThat(run("nbdinfo", uri("disk"))).contains("can_multi_conn: true", "can_df: true");
    run("nbdinfo", "--is", "read-only", uri("readonly"));
    assertThat(run("nbdinfo", "--map", uri("disk"))).contains("hole,zero");
  }

  @Test
  void qemuIoWritesZeroesDiscardsAndVerifies() throws Exception {
    String text =
        run(
            "qemu-io",
            "-f",
            "raw",
            uri("disk"),
            "-c",
            "write -P 0x5a 123k 5M",
            "-c",
            "write -f -P 0x77 1M 4k",
            "-c",
            "write -z 2M 64k",
            "-c",
            "write -z -u 3M 64k",
            "-c",
            "discard 4M 64k",
            "-c",
            "flush",
            "-c",
            "read -P 0x5a 123k 901k",
            "-c",
            "read -P 0x77 1M 4k",
            "-c",
            "read -P 0 2M 64k",
            "-c",
            "read -P 0 3M 64k",
            "-c",
            "read -P 0 4M 64k",
            "-c",
            "read -P 0x5a 5M 123k");
    assertThat(text).doesNotContain("failed", "error");
  }

  @Test
  void nbdcopyCopiesInAndOutOverSeveralConnections() throws Exception {
    byte[] data = new byte[NbdFixture.SIZE_BYTES];
    new java.util.Random(7).nextBytes(data);
    java.util.Arrays.fill(data, 8 << 20, 24 << 20, (byte) 0);
    Path from = Files.write(folder.resolve("from"), data);
    Path to = folder.resolve("to");
    run("nbdcopy", "--connections=4", from.toString(), uri("disk"));
    run("nbdcopy", "--connections=4", uri("readonly"), to.toString());
    assertThat(Files.mismatch(from, to)).isEqualTo(-1);
  }

  @Test
  void fioVerifiesWhatItWrote() throws Exception {
    run(
        "fio",
        "--name=verify",
        "--ioengine=nbd",
        "--uri=" + uri("disk"),
        "--rw=randrw",
        "--bssplit=512/20:4k/50:64k/20:1m/10",
        "--iodepth=16",
        "--size=64m",
        "--io_size=128m",
        "--verify=crc32c",
        "--fsync=50",
        "--serialize_overlap=1");
  }
}
