package io.ashlar.sanity.demo;

import static io.ashlar.sanity.cluster.Report.after;
import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Removals;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code DemoMain TOP_FOLDER CLUSTER_FOLDER}: brings up a cluster, runs the story, takes everything
 * down. Ends with the line {@code demo: passed} or {@code demo: failed}, and 0 or 1.
 */
public final class DemoMain {
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  private DemoMain() {}

  public static void main(String[] arguments) {
    boolean passed = run(Path.of(arguments[0]), Path.of(arguments[1]));
    say("demo: " + (passed ? "passed" : "failed"));
    System.exit(passed ? 0 : 1);
  }

  private static boolean run(Path top, Path folder) {
    long started = System.nanoTime();
    try (DevCluster cluster = DevCluster.up(top, folder, NODES.size())) {
      say(line("a controller and %d nodes are up", NODES.size()) + after(started));
      try {
        Removals removals = new Removals(cluster, NODES);
        new Story(cluster, removals).tell();
        new RemoteStory(cluster, removals).tell();
      } catch (IOException | InterruptedException | RuntimeException failed) {
        say("failed: " + failed);
        throw failed;
      } finally {
        cluster.keepLogs(top.resolve("target/demo-logs"));
      }
      return true;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      LoggerFactory.getLogger(DemoMain.class).error("the demo failed", failed);
      return false;
    }
  }
}
