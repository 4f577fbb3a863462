package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A pod that writes to a volume of its own and notes elsewhere what was acknowledged: a Deployment
 * of one, so that it comes back elsewhere when its node is lost.
 */
final class Writer {
  private static final long RUNNING_SECONDS = 180;

  private final Kube kube;
  private final String name;
  private final boolean block;

  Writer(Kube kube, String name, boolean block) {
    this.kube = kube;
    this.name = name;
    this.block = block;
  }

  /**
   * Makes claim and pod; returns when it writes.
   *
   * @param volumeClass storage class
   * @param size such as 256Mi
   */
  Writer start(String volumeClass, String size) throws IOException, InterruptedException {
    return start(volumeClass, size, "{}");
  }

  /**
   * @param labels of the claim, as YAML
   */
  Writer start(String volumeClass, String size, String labels)
      throws IOException, InterruptedException {
    kube.apply(claim(volumeClass, size, labels) + "---\n" + deployment());
    long start = System.nanoTime();
    double bound =
        kube.await(
            name + " is bound",
            RUNNING_SECONDS,
            () -> kube.field("pvc/" + name, ".status.phase").equals("Bound"));
    awaitWriting();
    say(
        line(
            "  %s: bound after %.1f s, written to after %.1f s, on %s",
            name, bound, (System.nanoTime() - start) / 1e9, node()));
    return this;
  }

  private void awaitWriting() throws IOException, InterruptedException {
    long before = acks().count();
    kube.await(name + " writes", RUNNING_SECONDS, () -> acks().count() > before + 10);
  }

  private String claim(String volumeClass, String size, String labels) {
    return """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: %s, labels: %s}
    spec:
      storageClassName: %s
      accessModes: [ReadWriteOnce]
      volumeMode: %s
      resources: {requests: {storage: %s}}
    """
        .formatted(name, labels, volumeClass, block ? "Block" : "Filesystem", size);
  }

  private String deployment() {
    String use = block ? "volumeDevices: [{name: data, devicePath: /data}]" : "";
    String mount = block ? "" : "- {name: data, mountPath: /data}";
    return """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: %1$s, labels: {test: writer}}
    spec:
      replicas: 1
      strategy: {type: Recreate}
      selector: {matchLabels: {writer: %1$s}}
      template:
        metadata: {labels: {writer: %1$s, test: writer}}
        spec:
          terminationGracePeriodSeconds: 2
          containers:
            - name: writer
              image: ashlar.io/writer:test
              imagePullPolicy: IfNotPresent
              args: [run, %2$s, /acks/%1$s]
              %3$s
              volumeMounts:
                - {name: acks, mountPath: /acks}
                %4$s
          volumes:
            - {name: data, persistentVolumeClaim: {claimName: %1$s}}
            - {name: acks, hostPath: {path: /var/log/ashlar-acks, type: DirectoryOrCreate}}
    """
        .formatted(name, dataPath(), use, mount);
  }

  private String dataPath() {
    return block ? "/data" : "/data/records";
  }

  String name() {
    return name;
  }

  Acks acks() throws IOException {
    return Acks.read(
        Kube.NODES.stream()
            .map(node -> kube.onNode(node, "/var/log/ashlar-acks/" + name))
            .toList());
  }

  String pod() throws IOException, InterruptedException {
    return kube.kubectl(
        "get",
        "pods",
        "-l",
        "writer=" + name,
        "--field-selector=status.phase=Running",
        "-o",
        "jsonpath={.items[0].metadata.name}");
  }

  String node() throws IOException, InterruptedException {
    return kube.field("pod/" + pod(), ".spec.nodeName");
  }

  String volume() throws IOException, InterruptedException {
    return kube.field("pvc/" + name, ".spec.volumeName");
  }

  /** Waits until it writes again, or goes on to, after this moment. */
  void awaitAcksSince(long millis, long seconds) throws IOException, InterruptedException {
    kube.await(name + " goes on writing", seconds, () -> acks().lastMillis() > millis + 1_000);
  }

  /** Everything that was acknowledged is there, and its container has never failed. */
  void verify() throws IOException, InterruptedException {
    Acks acknowledged = acks();
    List<Long> found =
        Stream.of(kube.kubectl("exec", pod(), "--", "/bin/writer", "dump", dataPath()).split("\n"))
            .filter(text -> !text.isBlank())
            .map(Long::parseLong)
            .toList();
    long missing = acknowledged.missingFrom(found);
    if (missing > 0) {
      throw new IOException(name + ": " + missing + " acknowledged records are not on the volume");
    }
    say(line("  %s: %d acknowledged records, none missing", name, acknowledged.count()));
  }

  /** Container restarts: the writer ends at the first error, and is started again then. */
  void verifyNoError() throws IOException, InterruptedException {
    String restarts = kube.field("pod/" + pod(), ".status.containerStatuses[0].restartCount");
    if (!restarts.equals("0")) {
      throw new IOException(
          name + " had an error: " + kube.kubectl("logs", pod(), "--previous", "--tail=5"));
    }
  }

  void delete() throws IOException, InterruptedException {
    kube.kubectl("delete", "deployment", name, "--wait=true");
    kube.kubectl("delete", "pvc", name, "--wait=false");
  }
}
