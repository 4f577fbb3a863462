package io.ashlar.sanity.demo;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

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

  /** The copy on a node as a whole, read past every coordinator. */
  String sha256(String node) throws IOException, InterruptedException {
    String copy = "nbdcopy '" + cluster.nbd(node, "replica/" + volume) + "' - | sha256sum";
    return Commands.run(COPY_SECONDS, List.of("bash", "-o", "pipefail", "-c", copy));
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
