package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** The chart, installed and taken out as the README says. */
final class Installation {
  private static final long READY_SECONDS = 300;

  private final Kube kube;

  /**
   * Nodes of a test cluster share a kernel and its loop devices, with those of other clusters too.
   */
  private final String tag = line("%04x-", ThreadLocalRandom.current().nextInt(0x10000));

  Installation(Kube kube) {
    this.kube = kube;
  }

  void install() throws IOException, InterruptedException {
    long start = System.nanoTime();
    kube.helm(
        "install",
        "ashlar",
        kube.top().resolve("deploy/helm/ashlar").toString(),
        "--set",
        "node.tag=" + tag + "$(NODE_NAME)",
        "--set",
        "pool.fileSize=6G");
    awaitReady();
    say(line("  ready %.1f s after helm install", (System.nanoTime() - start) / 1e9));
  }

  /**
   * Another release of the chart: all node pods and controllers are replaced, one after the other.
   */
  void upgrade() throws IOException, InterruptedException {
    kube.helm(
        "upgrade",
        "ashlar",
        kube.top().resolve("deploy/helm/ashlar").toString(),
        "--reuse-values",
        "--set",
        "node.resources.requests.cpu=90m",
        "--set",
        "controller.resources.requests.cpu=40m");
    for (String each : List.of("daemonset/ashlar-node", "deployment/ashlar-controller")) {
      kube.await(
          each + " is rolled out",
          READY_SECONDS,
          () -> kube.kubectl("rollout", "status", each, "--timeout=20s").contains("success"));
    }
    awaitReady();
  }

  void awaitReady() throws IOException, InterruptedException {
    kube.await(
        "all pods of the chart are ready",
        READY_SECONDS,
        () ->
            ready("daemonset/ashlar-node", ".status.numberReady", Kube.NODES.size())
                && ready("daemonset/ashlar-device-holder", ".status.numberReady", Kube.NODES.size())
                && ready("deployment/ashlar-controller", ".status.readyReplicas", 2));
  }

  private boolean ready(String object, String field, int count)
      throws IOException, InterruptedException {
    return kube.field(object, field).equals(Integer.toString(count));
  }

  /** Takes the chart out, and looks for what it has left. */
  void uninstall() throws IOException, InterruptedException {
    kube.helm("uninstall", "ashlar", "--wait");
    kube.await(
        "no pod of the chart is left",
        60,
        () -> kube.pods("app.kubernetes.io/name=ashlar").isEmpty());
    // A node's mounts begin with those of this machine, which are not the chart's.
    List<String> hosts = Files.readAllLines(java.nio.file.Path.of("/proc/self/mounts"));
    for (String node : Kube.NODES) {
      String mounts = kube.machine("exec", node, "cat", "/proc/self/mounts");
      requireNone(
          node + ": mounts",
          mounts.lines().filter(each -> each.startsWith("ashlar:") && !hosts.contains(each)));
      String processes =
          kube.machine("exec", node, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
      requireNone(
          node + ": processes", processes.lines().filter(each -> each.contains("io.ashlar")));
      requireNone(
          node + ": devices",
          Stream.of(kube.machine("exec", node, "ls", "/dev/ashlar").split("\n"))
              .filter(each -> !each.isEmpty()));
      requireNone(node + ": loop devices", loops(node));
      if (!Files.exists(kube.onNode(node, "/var/lib/ashlar/disk"))) {
        throw new IOException(node + ": the data is gone");
      }
    }
    String finalizers =
        kube.kubectl(
            "get", "ashlarvolumes,ashlarnodes", "-o", "jsonpath={.items[*].metadata.finalizers}");
    requireNone("finalizers", Stream.of(finalizers).filter(each -> !each.isBlank()));
    say("  nothing left but the data");
  }

  private Stream<String> loops(String node) throws IOException {
    try (Stream<java.nio.file.Path> blocks = Files.list(java.nio.file.Path.of("/sys/block"))) {
      return blocks
          .map(block -> block.resolve("loop/backing_file"))
          .filter(Files::exists)
          .map(Installation::content)
          .filter(file -> file.contains("/" + tag + node + "@"))
          .toList()
          .stream();
    }
  }

  private static String content(java.nio.file.Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException gone) {
      return "";
    }
  }

  private static void requireNone(String what, Stream<String> found) throws IOException {
    List<String> left = found.toList();
    if (!left.isEmpty()) {
      throw new IOException("left behind, " + what + ": " + left);
    }
  }
}
