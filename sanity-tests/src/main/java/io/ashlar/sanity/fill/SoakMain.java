package io.ashlar.sanity.fill;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code SoakMain TOP_FOLDER CLUSTER_FOLDER DISK_MIB SECONDS}: a disk that is 85 % full is
 * overwritten in random order again and again, each time with other data that is then read back and
 * compared, while another part is trimmed and written. The daemon's memory must not grow, and in
 * the end the space must be accounted for. Ends with 0 or 1.
 */
public final class SoakMain {
  private static final int FULL_PERCENT = 85;
  private static final int TRIMMED_PERCENT = 5;
  private static final int MEBIBYTE = 1 << 20;
  private static final int PASS_SECONDS = 600;

  /** What the memory may grow by from the middle of the run to its end, in MiB. */
  private static final long GROWTH_MAX = 48;

  private final OneNode node;
  private final List<Long> resident = new ArrayList<>();

  private SoakMain(DevCluster cluster) {
    this.node = new OneNode(cluster);
  }

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    try (DevCluster cluster =
        DevCluster.up(top, Path.of(arguments[1]), 1, "--disk-size", arguments[2] + "M")) {
      try {
        new SoakMain(cluster).run(Integer.parseInt(arguments[3]));
      } catch (Exception failed) {
        cluster.keepLogs(top.resolve("target/fill-logs"));
        throw failed;
      }
    } catch (Exception failed) {
      LoggerFactory.getLogger(SoakMain.class).error("the soak", failed);
      System.exit(1);
    }
    System.exit(0);
  }

  private void run(int seconds) throws Exception {
    final long freeAtFirst = node.freeBytes();
    long pool = node.poolBytes();
    CsiVolume full = node.volume("full", size(pool, FULL_PERCENT - TRIMMED_PERCENT));
    CsiVolume trimmed = node.volume("trimmed", size(pool, TRIMMED_PERCENT));
    long until = System.nanoTime() + seconds * 1_000_000_000L;
    int passes = 0;
    while (passes < 2 || System.nanoTime() < until) {
      pass(full, trimmed, ++passes);
      resident.add(node.residentMebibytes());
    }
    requireFlat();
    final long freeWhenFull = node.freeBytes();
    requireSpace(pool, freeAtFirst, freeWhenFull);
    node.release(full);
    node.release(trimmed);
    say(
        line(
            "%d passes over %d MiB verified in %d s at %d %% full; memory %s MiB; free %d, then %d"
                + " MiB",
            passes,
            size(pool, FULL_PERCENT - TRIMMED_PERCENT) >> 20,
            seconds,
            FULL_PERCENT,
            resident,
            freeAtFirst >> 20,
            freeWhenFull >> 20));
  }

  private static long size(long pool, int percent) {
    return pool / 100 * percent / MEBIBYTE * MEBIBYTE;
  }

  /** Writes all of the one in random order and verifies it, while the other is written and cut. */
  private void pass(CsiVolume full, CsiVolume trimmed, int number) throws Exception {
    List<Exception> failures = new ArrayList<>();
    Thread beside =
        Thread.ofPlatform()
            .name("trims")
            .start(
                () -> {
                  try {
                    var _ =
                        node.fioOverNbd(
                            trimmed,
                            PASS_SECONDS,
                            "--rw=randtrimwrite",
                            "--bs=64k",
                            "--iodepth=4",
                            "--rate_iops=200");
                  } catch (IOException | InterruptedException failed) {
                    failures.add(failed);
                  }
                });
    var _ =
        node.fioOverNbd(
            full,
            PASS_SECONDS,
            "--rw=randwrite",
            "--bsrange=4k-64k",
            "--bs_unaligned=0",
            "--blockalign=4k",
            "--iodepth=16",
            "--randseed=" + number,
            "--verify=crc32c",
            "--verify_fatal=1",
            "--verify_state_save=0");
    beside.join();
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }

  /** Compares the last third of the run with the one before it; the first warms up. */
  private void requireFlat() throws IOException {
    int third = resident.size() / 3;
    if (third == 0) {
      return; // too short a run to tell
    }
    long middle = highest(resident.subList(third, 2 * third));
    long end = highest(resident.subList(2 * third, resident.size()));
    if (end > middle + GROWTH_MAX) {
      throw new IOException("memory grows from " + middle + " to " + end + " MiB: " + resident);
    }
  }

  private static long highest(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).max().orElseThrow();
  }

  /** What is taken is what was written, and a twentieth for maps, records and what waits. */
  private static void requireSpace(long pool, long before, long now) throws IOException {
    long used = before - now;
    long written = size(pool, FULL_PERCENT);
    if (used > written + pool / 20 || used < size(pool, FULL_PERCENT - 2 * TRIMMED_PERCENT)) {
      throw new IOException(
          "%d MiB are taken by %d MiB of data".formatted(used >> 20, written >> 20));
    }
  }
}
