package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** What users do with volumes. */
final class VolumeStories {
  private static final int MANY = 30;

  private final Kube kube;
  private final Volumes volumes;

  VolumeStories(Kube kube) {
    this.kube = kube;
    this.volumes = new Volumes(kube);
  }

  List<Scenario> all() {
    return List.of(
        new Scenario("ext4, xfs and raw block volumes", false, this::kinds),
        new Scenario("labels of a claim, and a key that does not exist", false, this::labels),
        new Scenario("a volume grows while it is written to", false, this::grows),
        new Scenario("a claim for one pod only (RWOP)", true, this::onePodOnly),
        new Scenario("thirty claims at once", true, this::thirty),
        new Scenario("a StatefulSet of three is restarted", true, this::statefulSet));
  }

  private void makeClass(String name, String fsType) throws IOException, InterruptedException {
    kube.apply(
        """
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: {name: %s}
        provisioner: csi.ashlar.io
        parameters: {ashlar.io/replicas: "1", csi.storage.k8s.io/fstype: %s}
        allowVolumeExpansion: true
        volumeBindingMode: Immediate
        """
            .formatted(name, fsType));
  }

  private void kinds() throws IOException, InterruptedException {
    makeClass("test-xfs", "xfs");
    List<Writer> writers =
        List.of(
            new Writer(kube, "ext4", false).start("ashlar", "256Mi"),
            new Writer(kube, "xfs", false).start("test-xfs", "512Mi"),
            new Writer(kube, "raw", true).start("ashlar", "256Mi"));
    for (Writer writer : writers) {
      volumes.awaitInSync(writer.volume(), "2/2", 60);
      writer.verify();
      writer.verifyNoError();
    }
    for (Writer writer : writers) {
      String volume = writer.volume();
      writer.delete();
      volumes.awaitGone(volume, 120);
    }
    kube.kubectl("delete", "storageclass", "test-xfs");
  }

  private void labels() throws IOException, InterruptedException {
    Writer writer = new Writer(kube, "labelled", false);
    writer.start(
        "ashlar", "256Mi", "{ashlar.io/replicas: \"2\", storageos.com/failure-mode: hard, app: x}");
    String volume = writer.volume();
    volumes.awaitInSync(volume, "3/3", 60);
    writer.delete();
    volumes.awaitGone(volume, 120);

    kube.apply(
        """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: refused, labels: {ashlar.io/replcias: "2"}}
        spec:
          storageClassName: ashlar
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 256Mi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: refused}
        spec:
          containers:
            - {name: c, image: "busybox:stable", imagePullPolicy: IfNotPresent, command: [sleep, "1000"],
               volumeMounts: [{name: data, mountPath: /data}]}
          volumes: [{name: data, persistentVolumeClaim: {claimName: refused}}]
        """);
    kube.await("an event tells of the wrong label and of the right ones", 60, this::wasRefused);
    kube.kubectl("delete", "pod", "refused", "--grace-period=1");
    kube.kubectl("delete", "pvc", "refused");
  }

  private boolean wasRefused() throws IOException, InterruptedException {
    String events =
        kube.kubectl(
            "get",
            "events",
            "--field-selector=involvedObject.name=refused,reason=ProvisioningFailed",
            "-o",
            "jsonpath={.items[*].message}");
    boolean told =
        events.contains("ashlar.io/replcias")
            && events.contains("replicas")
            && events.contains("failure-mode");
    if (told) {
      say("  event: " + events.substring(0, Math.min(events.length(), 240)));
    }
    return told;
  }

  private void grows() throws IOException, InterruptedException {
    makeClass(
        "test-grow", "xfs"); // ext4 grows online only with CAP_SYS_RESOURCE, which may be missing
    Writer writer = new Writer(kube, "grows", false).start("test-grow", "512Mi");
    kube.kubectl(
        "patch",
        "pvc",
        "grows",
        "-p",
        "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}");
    double seconds =
        kube.await(
            "the claim and the file system have grown",
            180,
            () ->
                kube.field("pvc/grows", ".status.capacity.storage").equals("1Gi")
                    && fileSystemMebibytes(writer) > 900);
    say(line("  512Mi to 1Gi after %.1f s, written to meanwhile", seconds));
    writer.verify();
    writer.verifyNoError();
    String volume = writer.volume();
    writer.delete();
    volumes.awaitGone(volume, 120);
    kube.kubectl("delete", "storageclass", "test-grow");
  }

  private long fileSystemMebibytes(Writer writer) throws IOException, InterruptedException {
    String[] lines =
        kube.kubectl("exec", writer.pod(), "--", "df", "-P", "-m", "/data").split("\n");
    return Long.parseLong(lines[lines.length - 1].trim().split("\\s+")[1]);
  }

  private static String pod(String name, String claim) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: c, image: "busybox:stable", imagePullPolicy: IfNotPresent, command: [sleep, "100000"],
           volumeMounts: [{name: data, mountPath: /data}]}
      volumes: [{name: data, persistentVolumeClaim: {claimName: %s}}]
    """
        .formatted(name, claim);
  }

  private void onePodOnly() throws IOException, InterruptedException {
    kube.apply(
        """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: alone}
        spec:
          storageClassName: ashlar
          accessModes: [ReadWriteOncePod]
          resources: {requests: {storage: 256Mi}}
        """);
    kube.apply(pod("alone-1", "alone"));
    kube.await("the first pod runs", 120, () -> phase("alone-1").equals("Running"));
    kube.apply(pod("alone-2", "alone"));
    Thread.sleep(5_000);
    if (!phase("alone-2").equals("Pending")) {
      throw new IOException("a second pod got the volume: " + phase("alone-2"));
    }
    kube.kubectl("delete", "pod", "alone-1", "--grace-period=1");
    double seconds =
        kube.await("the second pod runs then", 180, () -> phase("alone-2").equals("Running"));
    say(line("  the second pod ran %.1f s after the first was gone", seconds));
    kube.kubectl("delete", "pod", "alone-2", "--grace-period=1");
    kube.kubectl("delete", "pvc", "alone");
  }

  private String phase(String pod) throws IOException, InterruptedException {
    return kube.field("pod/" + pod, ".status.phase");
  }

  private void thirty() throws IOException, InterruptedException {
    makeClass("test-many", "ext4");
    StringBuilder claims = new StringBuilder();
    IntStream.range(0, MANY)
        .forEach(
            i ->
                claims.append(
                    """
                    ---
                    apiVersion: v1
                    kind: PersistentVolumeClaim
                    metadata: {name: many-%d, labels: {test: many}}
                    spec:
                      storageClassName: test-many
                      accessModes: [ReadWriteOnce]
                      resources: {requests: {storage: 64Mi}}
                    """
                        .formatted(i)));
    long start = System.nanoTime();
    kube.apply(claims.toString());
    kube.await("all are bound", 240, () -> bound() == MANY);
    say(line("  %d claims bound after %.1f s", MANY, (System.nanoTime() - start) / 1e9));
    kube.kubectl("delete", "pvc", "-l", "test=many");
    kube.await(
        "all volumes are gone",
        240,
        () ->
            kube.kubectl("get", "pv", "-o", "jsonpath={.items[*].spec.claimRef.name}")
                .lines()
                .noneMatch(names -> names.contains("many-")));
    kube.kubectl("delete", "storageclass", "test-many");
  }

  private long bound() throws IOException, InterruptedException {
    return List.of(
            kube.kubectl("get", "pvc", "-l", "test=many", "-o", "jsonpath={.items[*].status.phase}")
                .split(" "))
        .stream()
        .filter("Bound"::equals)
        .count();
  }

  private void statefulSet() throws IOException, InterruptedException {
    kube.apply(
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: trio}
        spec:
          serviceName: trio
          replicas: 3
          podManagementPolicy: Parallel
          selector: {matchLabels: {app: trio}}
          template:
            metadata: {labels: {app: trio}}
            spec:
              terminationGracePeriodSeconds: 2
              containers:
                - name: c
                  image: busybox:stable
                  imagePullPolicy: IfNotPresent
                  command: [sh, -c, "date +%s >> /data/starts && sync && exec sleep 100000"]
                  volumeMounts: [{name: data, mountPath: /data}]
          volumeClaimTemplates:
            - metadata: {name: data}
              spec:
                storageClassName: ashlar
                accessModes: [ReadWriteOnce]
                resources: {requests: {storage: 128Mi}}
        """);
    awaitTrio("1");
    long start = System.nanoTime();
    kube.kubectl("rollout", "restart", "statefulset/trio");
    awaitTrio("2");
    say(line("  rolling restart of three took %.1f s", (System.nanoTime() - start) / 1e9));
    kube.kubectl("delete", "statefulset", "trio");
    kube.kubectl("delete", "pvc", "data-trio-0", "data-trio-1", "data-trio-2");
  }

  /** All three have started so often, each counting in its own volume. */
  private void awaitTrio(String starts) throws IOException, InterruptedException {
    kube.await(
        "three pods have started " + starts + " times",
        300,
        () -> {
          Set<String> seen = new TreeSet<>();
          for (int i = 0; i < 3; i++) {
            seen.add(
                kube.kubectl("exec", "trio-" + i, "--", "sh", "-c", "wc -l < /data/starts")
                    .strip());
          }
          return seen.equals(Set.of(starts));
        });
  }
}
