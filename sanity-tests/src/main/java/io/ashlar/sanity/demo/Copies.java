package io.ashlar.sanity.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What the nodes hold of a volume, seen through their read-only exports and their metrics. */
final class Copies {
  private static final long COPY_SECONDS = 120;
  private static final long SYNC_SECONDS = 180;
  private static final long POLL_MILLIS = 250;
  private static final int POLLS_PER_LINE = 12;

  private final DevCluster cluster;
  private final String volume;

  Copies(DevCluster cluster, String volume) {
    this.cluster = cluster;
    this.volume = volume;
  }

  boolean isOn(String node) throws IOException, InterruptedException {
    return Commands.run(COPY_SECONDS, List.of("nbdinfo", "--list", cluster.nbd(node, "")))
        .contains("replica/" + volume);
  }

  /**
   * Reads the copies of these nodes as a whole, past every coordinator, and compares them.
   *
   * @throws IOException naming the blocks that differ, with what each copy holds there; the copies
   *     are then kept beside the daemons' logs
   */
  void requireIdentical(List<String> nodes) throws IOException, InterruptedException {
    List<Path> files = new ArrayList<>();
    Set<String> sums = new LinkedHashSet<>();
    for (String node : nodes) {
      Path file = cluster.folder(node).resolve("copy.raw");
      files.add(file);
      var _ = run("nbdcopy", cluster.nbd(node, "replica/" + volume), file.toString());
      sums.add(run("sha256sum", file.toString()).split(" ", 2)[0]);
    }
    if (sums.size() > 1) {
      throw new IOException("the copies differ: " + CopyDifference.between(nodes, files));
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    return Commands.run(COPY_SECONDS, List.of(command));
  }

  /**
   * Waits until the consumer's coordinator counts this many copies in sync, saying now and then how
   * far it is.
   */
  void awaitInSync(String consumer, int copies) throws IOException, InterruptedException {
    long until = System.nanoTime() + SYNC_SECONDS * 1_000_000_000L;
    for (int i = 0; System.nanoTime() < until; i++) {
      double inSync = cluster.metric(consumer, "ashlar_volume_in_sync_copies", volume);
      if (inSync >= copies) {
        return;
      }
      if (i % POLLS_PER_LINE == POLLS_PER_LINE - 1) {
        double left = cluster.metric(consumer, "ashlar_volume_resync_left_bytes", volume);
        DemoMain.say(
            String.format(
                Locale.ROOT, "   resync: %.0f in sync, %.1f MiB left", inSync, left / (1 << 20)));
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new IOException("fewer than " + copies + " copies in sync after " + SYNC_SECONDS + " s");
  }
}
