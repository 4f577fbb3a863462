package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code StoreFiguresMain TOP_FOLDER CLUSTER_FOLDER DISK_MIB FILL_MIB WRITES REQUESTS SECONDS}:
 * what the replica store and the data loop take. First one node: idle for so long; a volume that is
 * filled so far, and kills of the daemon; a volume of a tebibyte with so many random writes. Then
 * three nodes: what so many requests allocate. Asserts no figure, but that all data is right and
 * the daemon comes back. Ends with 0 or 1.
 */
public final class StoreFiguresMain {
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  private StoreFiguresMain() {}

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    Path folder = Path.of(arguments[1]);
    int fillMebibytes = Integer.parseInt(arguments[3]);
    long writes = Long.parseLong(arguments[4]);
    long requests = Long.parseLong(arguments[5]);
    int seconds = Integer.parseInt(arguments[6]);
    try {
      measure(
          top,
          DevCluster.up(top, folder, 1, "--disk-size", arguments[2] + "M"),
          cluster -> {
            OneNode node = new OneNode(cluster);
            new IdleFigures(cluster, node).run(seconds);
            new FilledFigures(cluster, node).run(fillMebibytes);
            new WideMapFigures(node).run(writes);
          });
      measure(
          top,
          DevCluster.up(top, folder, NODES.size(), "--disk-size", "4G"),
          cluster -> new AllocationFigures(cluster, NODES).run(requests));
    } catch (Exception failed) {
      LoggerFactory.getLogger(StoreFiguresMain.class).error("the store's figures failed", failed);
      System.exit(1);
    }
    say("store figures: done");
    System.exit(0);
  }

  private interface Figures {
    void of(DevCluster cluster) throws Exception;
  }

  private static void measure(Path top, DevCluster cluster, Figures figures) throws Exception {
    try (cluster) {
      try {
        figures.of(cluster);
      } catch (Exception failed) {
        cluster.keepLogs(top.resolve("target/bench-logs"));
        throw failed;
      }
    }
  }
}
