package io.ashlar.sanity.kill;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Removals;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code CalmMain TOP_FOLDER CLUSTER_FOLDER SECONDS}: the loads of the kill loops without a single
 * fault, as fast as they go. No member may be removed for being slow, and no fence may happen. Ends
 * with 0 or 1.
 */
public final class CalmMain {
  private static final List<String> NODES = List.of("node1", "node2", "node3");
  private static final long LOOK_MILLIS = 5000;

  private CalmMain() {}

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    long seconds = Long.parseLong(arguments[2]);
    try (DevCluster cluster = DevCluster.up(top, Path.of(arguments[1]), NODES.size())) {
      try {
        run(cluster, seconds);
      } catch (Exception failed) {
        cluster.keepLogs(top.resolve("target/kill-logs"));
        throw failed;
      }
    } catch (Exception failed) {
      LoggerFactory.getLogger(CalmMain.class).error("the calm run", failed);
      System.exit(1);
    }
    System.exit(0);
  }

  private static void run(DevCluster cluster, long seconds) throws Exception {
    Removals removals = new Removals(cluster, NODES);
    final List<Long> daemons = cluster.daemons();
    LoadedVolumes volumes = new LoadedVolumes(cluster, NODES.getFirst(), NODES.size());
    long until = System.nanoTime() + seconds * 1_000_000_000L;
    double longest = 0;
    while (System.nanoTime() < until) {
      Thread.sleep(LOOK_MILLIS);
      longest = Math.max(longest, volumes.awaitProgress());
      requireCalm(cluster, daemons, removals);
    }
    volumes.finish(NODES);
    requireCalm(cluster, daemons, removals);
    say(
        line(
            "%d s of load: no member removed, %d passes of fio verified, longest gap of a durable"
                + " write %.2f s",
            seconds, volumes.passes(), longest));
  }

  /** What the daemons count begins anew with every coordinator; what they log does not. */
  private static void requireCalm(DevCluster cluster, List<Long> daemons, Removals removals)
      throws IOException, InterruptedException {
    removals.none();
    if (!cluster.daemons().equals(daemons)) {
      throw new IOException("daemons were " + daemons + " and are " + cluster.daemons());
    }
  }
}
