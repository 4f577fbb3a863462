package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.util.List;

/** What a node must not keep once its last volume is gone from it. */
public final class Leftovers {
  private static final long SECONDS = 30;
  private static final long POLL_MILLIS = 500;

  private final DevCluster cluster;
  private final List<String> nodes;

  public Leftovers(DevCluster cluster, List<String> nodes) {
    this.cluster = cluster;
    this.nodes = nodes;
  }

  /**
   * Requires that no mount, no loop device, no device file and no replica is left. What a daemon
   * clears up after its restart may take a moment.
   *
   * @throws IOException naming what is there
   */
  public void requireNone() throws IOException, InterruptedException {
    long until = System.nanoTime() + SECONDS * 1_000_000_000L;
    String left = left();
    while (!left.isEmpty() && System.nanoTime() < until) {
      Thread.sleep(POLL_MILLIS);
      left = left();
    }
    if (!left.isEmpty()) {
      throw new IOException("left behind: " + left);
    }
  }

  private String left() throws IOException, InterruptedException {
    StringBuilder all = new StringBuilder();
    for (String node : nodes) {
      String folder = cluster.folder(node).toString();
      String script =
          "awk '{print $2}' /proc/self/mounts | grep -F '"
              + folder
              + "/' ; cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F '"
              + folder
              + "/'; find '"
              + folder
              + "/dev' -mindepth 1; true";
      String found = cluster.exec(node, "sh", "-c", script);
      if (!found.isEmpty()) {
        all.append(node).append(": ").append(found.replace('\n', ' ')).append("; ");
      }
      String exports = cluster.exports(node);
      if (exports.contains("replica/")) {
        all.append(node).append(" still has ").append(exports.replace('\n', ' ')).append("; ");
      }
    }
    return all.toString();
  }
}
