package io.ashlar.sanity.kill;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.DevCluster;
import java.io.IOException;
import java.util.List;
import java.util.random.RandomGenerator;

/** One victim after the other, while the loads must go on. */
final class KillRounds {
  private static final int PAUSE_MILLIS = 5000;
  private static final int OFF_MILLIS = 6000;

  /** What dies in a round; the consumer's machine takes its loads with it. */
  private enum Kind {
    CONTROLLER,
    DAEMON,
    MACHINE,
    CONSUMER_MACHINE
  }

  private final DevCluster cluster;
  private final RandomGenerator random;
  private final LoadedVolumes volumes;
  private final List<String> nodes;
  private double longestStall;

  KillRounds(
      DevCluster cluster, RandomGenerator random, LoadedVolumes volumes, List<String> nodes) {
    this.cluster = cluster;
    this.random = random;
    this.volumes = volumes;
    this.nodes = nodes;
  }

  double longestStallSeconds() {
    return longestStall;
  }

  void run(int rounds, boolean waiting) throws IOException, InterruptedException {
    for (int round = 1; round <= rounds; round++) {
      Kind kind = draw();
      String node = nodes.get(random.nextInt(nodes.size()));
      int pause = random.nextInt(PAUSE_MILLIS);
      int off = random.nextInt(OFF_MILLIS);
      String victim = kill(kind, node, off);
      double stall = volumes.awaitProgress();
      longestStall = Math.max(longestStall, stall);
      say(
          line(
              "%s %d: %s: stall %.1f s, %d copies in sync",
              waiting ? "waiting" : "without waiting", round, victim, stall, volumes.inSync()));
      if (waiting) {
        volumes.awaitInSync();
      }
      Thread.sleep(pause);
    }
  }

  private Kind draw() {
    int of = random.nextInt(100);
    return of < 15
        ? Kind.CONTROLLER
        : of < 60 ? Kind.DAEMON : of < 90 ? Kind.MACHINE : Kind.CONSUMER_MACHINE;
  }

  private String kill(Kind kind, String node, int off) throws IOException, InterruptedException {
    return switch (kind) {
      case CONTROLLER -> {
        cluster.act("kill", "controller");
        yield "the controller";
      }
      case DAEMON -> killDaemon(node);
      case MACHINE -> killMachine(node.equals(volumes.consumer()) ? other(node) : node, off);
      case CONSUMER_MACHINE -> killConsumer(node);
    };
  }

  private String killConsumer(String node) throws IOException, InterruptedException {
    String old = volumes.consumer();
    if (!isExpendable()) {
      return killDaemon(old);
    }
    volumes.consumerDies(node.equals(old) ? other(old) : node);
    return "the consumer's machine " + old + ", volumes now on " + volumes.consumer();
  }

  private String killDaemon(String node) throws IOException, InterruptedException {
    cluster.act("kill", node);
    return "the daemon of " + node;
  }

  private String killMachine(String node, int off) throws IOException, InterruptedException {
    if (!isExpendable()) {
      return killDaemon(node);
    }
    cluster.act("poweroff", node);
    Thread.sleep(off);
    cluster.act("start", node);
    return line("the machine %s for %.1f s", node, off / 1e3);
  }

  /** Soft mode allows one copy to be missing: a machine dies only while none is. */
  private boolean isExpendable() throws InterruptedException {
    return volumes.inSync() == nodes.size();
  }

  private String other(String node) {
    int at = nodes.indexOf(node) + 1 + random.nextInt(nodes.size() - 1);
    return nodes.get(at % nodes.size());
  }
}
