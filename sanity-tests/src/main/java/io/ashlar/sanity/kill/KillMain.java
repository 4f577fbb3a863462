package io.ashlar.sanity.kill;

import static io.ashlar.sanity.cluster.Report.after;
import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Leftovers;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.slf4j.LoggerFactory;

/**
 * {@code KillMain TOP_FOLDER CLUSTER_FOLDER SEED ROUNDS}: so many kill rounds without waiting for
 * resync, so many with it, and so many mounts of either file system. Ends with 0 or 1.
 */
public final class KillMain {
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  private KillMain() {}

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    long seed = Long.parseLong(arguments[2]);
    say("kill loops with seed " + seed);
    try (DevCluster cluster = DevCluster.up(top, Path.of(arguments[1]), NODES.size())) {
      try {
        run(cluster, new SplittableRandom(seed), Integer.parseInt(arguments[3]));
      } catch (Exception failed) {
        say("failed: " + failed);
        cluster.keepLogs(top.resolve("target/kill-logs"));
        throw failed;
      }
      say("kill loops: passed");
    } catch (Exception failed) {
      LoggerFactory.getLogger(KillMain.class).error("the kill loops with seed {}", seed, failed);
      System.exit(1);
    }
    System.exit(0);
  }

  private static void run(DevCluster cluster, SplittableRandom random, int rounds)
      throws Exception {
    Leftovers leftovers = new Leftovers(cluster, NODES);
    for (String fileSystem : List.of(CsiVolume.EXT4, CsiVolume.XFS)) {
      new MountRounds(cluster, random, fileSystem).run(rounds, NODES);
      leftovers.requireNone();
    }
    long started = System.nanoTime();
    LoadedVolumes volumes = new LoadedVolumes(cluster, NODES.getFirst(), NODES.size());
    KillRounds kills = new KillRounds(cluster, random, volumes, NODES);
    kills.run(rounds, false);
    kills.run(rounds, true);
    volumes.finish(NODES);
    leftovers.requireNone();
    say(
        line(
                "%d kill rounds: %d passes of fio verified, longest stall %.1f s, no error",
                2 * rounds, volumes.passes(), kills.longestStallSeconds())
            + after(started));
  }
}
