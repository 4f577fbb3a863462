package io.ashlar.sanity.fill;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.sanity.cluster.CpuTime;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import io.ashlar.sanity.cluster.Restarts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code FillMain TOP_FOLDER CLUSTER_FOLDER DISK_MIB SECONDS RESTARTS}: fills a node's disk to 50,
 * 80 and 90 % with one volume, overwrites what is there at random for so long at each level, and
 * prints what that costs; then kills the daemon so often under a load. Asserts no figure, but that
 * nothing fails. Ends with 0 or 1.
 */
public final class FillMain {
  private static final List<Integer> LEVELS = List.of(50, 80, 90);
  private static final int HIGHEST = 90;
  private static final int MEBIBYTE = 1 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int IDLE_SECONDS = 10;
  private static final int STANDSTILL_SECONDS = 120;
  private static final long LOAD_BYTES = 16L * MEBIBYTE; // checked as a whole, in little memory

  /** Slowest that a disk may fill, in MiB/s, before it counts as hanging. */
  private static final int SLOWEST = 5;

  private final DevCluster cluster;
  private final OneNode node;
  private final int seconds;
  private final ObjectMapper json = new ObjectMapper();

  private FillMain(DevCluster cluster, int seconds) {
    this.cluster = cluster;
    this.node = new OneNode(cluster);
    this.seconds = seconds;
  }

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    String size = arguments[2] + "M";
    try (DevCluster cluster = DevCluster.up(top, Path.of(arguments[1]), 1, "--disk-size", size)) {
      try {
        new FillMain(cluster, Integer.parseInt(arguments[3])).run(Integer.parseInt(arguments[4]));
      } catch (Exception failed) {
        cluster.keepLogs(top.resolve("target/fill-logs"));
        throw failed;
      }
    } catch (Exception failed) {
      LoggerFactory.getLogger(FillMain.class).error("the full disk", failed);
      System.exit(1);
    }
    System.exit(0);
  }

  private void run(int restarts) throws Exception {
    long pool = node.poolBytes();
    final long freeAtFirst = node.freeBytes();
    CsiVolume load = node.volume("load", LOAD_BYTES);
    CsiVolume volume = node.volume("full", pool / 100 * HIGHEST / MEBIBYTE * MEBIBYTE);
    say(line("a pool of %d MiB, of which %d are free", pool >> 20, freeAtFirst >> 20));
    long filled = 0;
    for (int level : LEVELS) {
      long wanted = (pool / 100 * level - LOAD_BYTES) / MEBIBYTE * MEBIBYTE;
      fill(volume, filled, wanted);
      filled = wanted;
      overwrite(volume, level, filled);
    }
    idle();
    restarts(load, restarts);
    node.release(load);
    node.release(volume);
    node.awaitFree(freeAtFirst);
    say(line("deleted: %d MiB are free again", node.freeBytes() >> 20));
  }

  private void fill(CsiVolume volume, long from, long to) throws Exception {
    long begun = System.nanoTime();
    var _ =
        node.fioOverNbd(
            volume,
            STANDSTILL_SECONDS + (to - from) / MEBIBYTE / SLOWEST,
            "--rw=write",
            "--bs=1m",
            "--iodepth=4",
            "--offset=" + from,
            "--size=" + (to - from));
    double took = (System.nanoTime() - begun) / 1e9;
    say(line("filled to %d MiB at %.0f MiB/s", to >> 20, (to - from) / took / MEBIBYTE));
  }

  private void overwrite(CsiVolume volume, int level, long bytes) throws Exception {
    final long writtenBefore = node.writtenBytes();
    final long collectedBefore = node.collectedBlocks();
    JsonNode side =
        json.readTree(
                node.fioOverNbd(
                    volume,
                    seconds + STANDSTILL_SECONDS,
                    "--rw=randwrite",
                    "--bs=" + BLOCK_BYTES,
                    "--iodepth=32",
                    "--size=" + bytes,
                    "--norandommap",
                    "--time_based",
                    "--runtime=" + seconds))
            .path("jobs")
            .path(0)
            .path("write");
    long accepted = side.path("total_ios").asLong() * BLOCK_BYTES;
    if (accepted == 0) {
      throw new IOException("fio wrote nothing: " + side);
    }
    JsonNode latency = side.path("clat_ns");
    say(
        line(
            "%d %% full: %.0f random writes of 4 KiB a second at QD32 for %d s; bytes written per"
                + " byte accepted %.2f; %d blocks collected; latency p99.9 %.1f ms, worst %.1f ms",
            level,
            side.path("iops").asDouble(),
            seconds,
            (node.writtenBytes() - writtenBefore) / (double) accepted,
            node.collectedBlocks() - collectedBefore,
            latency.path("percentile").path("99.900000").asDouble() / 1e6,
            latency.path("max").asDouble() / 1e6));
  }

  private void idle() throws Exception {
    Thread.sleep(1000);
    List<Long> daemon = List.of(node.daemon());
    double before = CpuTime.secondsOf(daemon);
    Thread.sleep(IDLE_SECONDS * 1000L);
    say(
        line(
            "idle: %.1f %% of a CPU, %d MiB resident",
            (CpuTime.secondsOf(daemon) - before) / IDLE_SECONDS * 100, node.residentMebibytes()));
  }

  private void restarts(CsiVolume volume, int rounds) throws Exception {
    double[] stalls = new double[rounds];
    long[] opened = new long[rounds];
    try (Restarts restarts = Restarts.on(cluster, node, volume)) {
      for (int round = 0; round < rounds; round++) {
        Restarts.Restart restart = restarts.kill();
        stalls[round] = restart.stallSeconds();
        opened[round] = restart.opening().millis();
      }
      restarts.finish();
    }
    Arrays.sort(stalls);
    Arrays.sort(opened);
    say(
        line(
            "daemon killed %d times, no error: stall median %.2f, worst %.2f s; disk opened in"
                + " median %d, worst %d ms",
            rounds,
            stalls[rounds / 2],
            stalls[rounds - 1],
            opened[rounds / 2],
            opened[rounds - 1]));
  }
}
