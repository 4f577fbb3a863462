package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.util.List;

/** What happens to a pod that writes when parts of the cluster go away. */
final class FailureStories {
  private static final String NODE_PODS = "app.kubernetes.io/component=node";
  private static final String CONTROLLERS = "app.kubernetes.io/component=controller";
  private static final long API_AWAY_SHORT = 30;
  private static final long API_AWAY_LONG = 600;

  private static final double NEW_CONTROLLERS_SECONDS_MAX = 60;

  /** For whatever is counted from now on to have begun. */
  private static final long AFTERMATH_MILLIS = 4_000;

  private final Kube kube;
  private final Volumes volumes;
  private final Installation installation;
  private final boolean full;
  private Writer writer;

  FailureStories(Kube kube, boolean full) {
    this.kube = kube;
    this.volumes = new Volumes(kube);
    this.installation = new Installation(kube);
    this.full = full;
  }

  List<Scenario> all() {
    return List.of(
        new Scenario("a pod that writes", false, this::begin),
        new Scenario("the node pod is replaced", false, this::nodePodReplaced),
        new Scenario("the chart is upgraded", true, this::upgraded),
        new Scenario("the node daemon is killed", false, this::daemonKilled),
        new Scenario("the controllers are deleted", false, this::controllersDeleted),
        new Scenario("the API server is away", false, this::apiAway),
        new Scenario("the kubelet is killed", true, this::kubeletKilled),
        new Scenario("a node with a copy is switched off", true, this::replicaNodeOff),
        new Scenario("the pod's node is switched off", false, this::consumerNodeOff),
        new Scenario("the pod is deleted", false, this::end));
  }

  private void begin() throws IOException, InterruptedException {
    writer = new Writer(kube, "writer", false).start("ashlar", "512Mi");
    volumes.awaitInSync(writer.volume(), "2/2", 60);
  }

  private void end() throws IOException, InterruptedException {
    String volume = writer.volume();
    writer.delete();
    volumes.awaitGone(volume, 120);
  }

  /** Longest stall since then; nothing lost, no error. */
  private void conclude(String what, long sinceMillis) throws IOException, InterruptedException {
    Thread.sleep(AFTERMATH_MILLIS);
    say(
        line(
            "  longest stall of the pod %s: %.2f s",
            what, writer.acks().longestGapSince(sinceMillis)));
    writer.verify();
    writer.verifyNoError();
  }

  private String nodePod(String node) throws IOException, InterruptedException {
    return kube.kubectl(
        "get",
        "pods",
        "-l",
        NODE_PODS,
        "--field-selector=spec.nodeName=" + node,
        "-o",
        "jsonpath={.items[0].metadata.name}");
  }

  private void nodePodReplaced() throws IOException, InterruptedException {
    String node = writer.node();
    String old = nodePod(node);
    long since = System.currentTimeMillis();
    kube.kubectl("delete", "pod", old, "--wait=false");
    double seconds =
        kube.await(
            "another node pod is ready",
            120,
            () ->
                !nodePod(node).equals(old)
                    && kube.field("pod/" + nodePod(node), ".status.containerStatuses[0].ready")
                        .equals("true"));
    writer.awaitAcksSince(since, 60);
    say(line("  replaced after %.1f s", seconds));
    conclude("while its node pod was replaced", since);
    volumes.awaitInSync(writer.volume(), "2/2", 120);
  }

  private void upgraded() throws IOException, InterruptedException {
    long since = System.currentTimeMillis();
    installation.upgrade();
    say(line("  rolled out after %.1f s", (System.currentTimeMillis() - since) / 1e3));
    writer.awaitAcksSince(System.currentTimeMillis(), 60);
    conclude("while everything was upgraded", since);
    volumes.awaitInSync(writer.volume(), "2/2", 120);
  }

  private String daemon(String node) throws IOException, InterruptedException {
    return kube.machine("exec", node, "pgrep", "-n", "-f", "java .* io.ashlar.node.NodeMain ");
  }

  private void daemonKilled() throws IOException, InterruptedException {
    String node = writer.node();
    // On all nodes: they share the processors of this machine, which recording takes part of.
    for (String each : Kube.NODES) {
      kube.await(
          "the start of the daemon is recorded on " + each,
          300,
          () ->
              kube.machine("exec", each, "sh", "-c", "ls /var/lib/ashlar/cache/*.aot")
                  .endsWith(".aot"));
    }
    long since = System.currentTimeMillis();
    kube.machine("exec", node, "kill", "-KILL", daemon(node));
    writer.awaitAcksSince(since, 60);
    conclude("when its node daemon was killed", since);
    volumes.awaitInSync(writer.volume(), "2/2", 120);
  }

  private void controllersDeleted() throws IOException, InterruptedException {
    long since = System.currentTimeMillis();
    kube.kubectl("delete", "pod", "-l", CONTROLLERS, "--wait=false");
    long start = System.nanoTime();
    Writer later = new Writer(kube, "later", false).start("ashlar", "128Mi");
    double seconds = (System.nanoTime() - start) / 1e9;
    say(line("  a new volume was written to %.1f s after", seconds));
    if (seconds > NEW_CONTROLLERS_SECONDS_MAX) {
      throw new IOException("the nodes or the sidecars were slow to find the new controllers");
    }
    volumes.awaitInSync(later.volume(), "2/2", 30);
    conclude("while both controllers were replaced", since);
    later.delete();
    installation.awaitReady();
  }

  private void apiAway() throws IOException, InterruptedException {
    long seconds = full ? API_AWAY_LONG : API_AWAY_SHORT;
    long since = System.currentTimeMillis();
    kube.machine("stop-api");
    try {
      Thread.sleep(seconds * 1_000);
    } finally {
      kube.machine("start-api");
    }
    kube.await("the API answers", 120, () -> !kube.kubectl("get", "nodes").isEmpty());
    writer.awaitAcksSince(System.currentTimeMillis(), 60);
    say(line("  the API server was away for %d s", seconds));
    installation.awaitReady();
    conclude("meanwhile", since);
  }

  private void kubeletKilled() throws IOException, InterruptedException {
    long since = System.currentTimeMillis();
    kube.machine("kill", writer.node(), "kubelet");
    Thread.sleep(15_000);
    conclude("when its kubelet was killed", since);
  }

  private void replicaNodeOff() throws IOException, InterruptedException {
    String volume = writer.volume();
    String consumer = writer.node();
    String victim =
        volumes.nodesOfCopies(volume).stream()
            .filter(node -> !node.equals(consumer))
            .findFirst()
            .orElseThrow();
    long since = System.currentTimeMillis();
    kube.machine("poweroff", victim);
    writer.awaitAcksSince(since + 5_000, 60);
    say("  " + victim + " is off, " + volumes.copies(volume) + " in sync");
    conclude("when the other copy's node was switched off", since);
    kube.machine("start", victim);
    volumes.awaitInSync(volume, "2/2", 240);
    installation.awaitReady();
    writer.verify();
  }

  private void consumerNodeOff() throws IOException, InterruptedException {
    String volume = writer.volume();
    String old = writer.node();
    long since = System.currentTimeMillis();
    kube.machine("poweroff", old);
    kube.await(
        "Kubernetes knows that " + old + " is lost",
        120,
        () ->
            !kube.field("node/" + old, ".status.conditions[?(@.type==\"Ready\")].status")
                .equals("True"));
    long tainted = System.nanoTime();
    kube.kubectl("taint", "node", old, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
    kube.await(
        "the pod writes elsewhere",
        240,
        () -> writer.acks().lastMillis() > since + 10_000 && !writer.node().equals(old));
    say(
        line(
            "  written to on %s %.1f s after the taint, %.1f s after the loss",
            writer.node(),
            (System.nanoTime() - tainted) / 1e9,
            (System.currentTimeMillis() - since) / 1e3));
    writer.verify();
    kube.machine("start", old);
    kube.kubectl("taint", "node", old, "node.kubernetes.io/out-of-service-");
    installation.awaitReady();
    volumes.awaitInSync(volume, "2/2", 240);
    String id = volumes.id(volume);
    kube.await(
        "the old node has cleaned up",
        120,
        () ->
            !kube.machine("exec", old, "ls", "/dev/ashlar").contains(id)
                && kube.machine("exec", old, "cat", "/proc/self/mounts")
                    .lines()
                    .noneMatch(mount -> mount.contains(id)));
    writer.verify();
    writer.verifyNoError();
  }
}
