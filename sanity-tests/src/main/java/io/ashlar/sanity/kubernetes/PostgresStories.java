package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A real database under load while the node's pod and then its node are lost. */
final class PostgresStories {
  private static final int LOAD_SECONDS = 30;

  private final Kube kube;
  private final Volumes volumes;
  private final Installation installation;

  PostgresStories(Kube kube) {
    this.kube = kube;
    this.volumes = new Volumes(kube);
    this.installation = new Installation(kube);
  }

  List<Scenario> all() {
    return List.of(
        new Scenario("PostgreSQL is set up", true, this::setUp),
        new Scenario("PostgreSQL works while its node pod is replaced", true, this::nodePod),
        new Scenario("PostgreSQL comes back when its node is switched off", true, this::nodeOff));
  }

  private void setUp() throws IOException, InterruptedException {
    kube.apply(
        """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: postgres}
        spec:
          storageClassName: ashlar
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: postgres}
        spec:
          replicas: 1
          strategy: {type: Recreate}
          selector: {matchLabels: {app: postgres}}
          template:
            metadata: {labels: {app: postgres}}
            spec:
              securityContext: {runAsUser: 999, runAsGroup: 999, fsGroup: 999}
              terminationGracePeriodSeconds: 10
              containers:
                - name: postgres
                  image: ashlar.io/postgres:test
                  imagePullPolicy: IfNotPresent
                  volumeMounts: [{name: data, mountPath: /data}]
              volumes: [{name: data, persistentVolumeClaim: {claimName: postgres}}]
        """);
    awaitAnswer(240);
    exec("pgbench", "-i", "-q", "-s", "5", "-h", "/tmp", "-U", "postgres", "postgres");
    volumes.awaitInSync(volume(), "2/2", 60);
  }

  private String volume() throws IOException, InterruptedException {
    return kube.field("pvc/postgres", ".spec.volumeName");
  }

  private String pod() throws IOException, InterruptedException {
    return kube.kubectl(
        "get",
        "pods",
        "-l",
        "app=postgres",
        "--field-selector=status.phase=Running",
        "-o",
        "jsonpath={.items[0].metadata.name}");
  }

  private String exec(String... command) throws IOException, InterruptedException {
    String[] all = new String[command.length + 3];
    all[0] = "exec";
    all[1] = pod();
    all[2] = "--";
    System.arraycopy(command, 0, all, 3, command.length);
    return kube.kubectl(all);
  }

  private String ask(String question) throws IOException, InterruptedException {
    return exec("psql", "-h", "/tmp", "-U", "postgres", "-At", "-c", question).strip();
  }

  private void awaitAnswer(long seconds) throws IOException, InterruptedException {
    kube.await("PostgreSQL answers", seconds, () -> ask("select 1").equals("1"));
  }

  private CompletableFuture<String> load() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return exec(
                "pgbench",
                "-n", // else it empties the history first, and the sums say nothing
                "-h",
                "/tmp",
                "-U",
                "postgres",
                "-c",
                "4",
                "-T",
                Integer.toString(LOAD_SECONDS),
                "postgres");
          } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
          }
        });
  }

  private void nodePod() throws IOException, InterruptedException {
    String node = kube.field("pod/" + pod(), ".spec.nodeName");
    CompletableFuture<String> load = load();
    Thread.sleep(5_000);
    kube.kubectl(
        "delete",
        "pod",
        "-l",
        "app.kubernetes.io/component=node",
        "--field-selector=spec.nodeName=" + node,
        "--wait=false");
    try {
      for (String told : load.get().split("\n")) {
        if (told.startsWith("tps") || told.contains("failed transactions")) {
          say("  " + told);
        }
      }
    } catch (ExecutionException failed) {
      throw new IOException("pgbench failed", failed.getCause());
    }
    installation.awaitReady();
    verify(0);
  }

  private void nodeOff() throws IOException, InterruptedException {
    String old = kube.field("pod/" + pod(), ".spec.nodeName");
    CompletableFuture<String> load = load();
    Thread.sleep(8_000);
    long before = Long.parseLong(ask("select count(*) from pgbench_history"));
    kube.machine("poweroff", old);
    long start = System.nanoTime();
    kube.await(
        "Kubernetes knows that " + old + " is lost",
        120,
        () ->
            !kube.field("node/" + old, ".status.conditions[?(@.type==\"Ready\")].status")
                .equals("True"));
    kube.kubectl("taint", "node", old, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
    kube.await(
        "it runs elsewhere", 240, () -> !kube.field("pod/" + pod(), ".spec.nodeName").equals(old));
    awaitAnswer(240);
    say(line("  answers again %.1f s after the loss", (System.nanoTime() - start) / 1e9));
    verify(before);
    load.cancel(true);
    kube.machine("start", old);
    kube.kubectl("taint", "node", old, "node.kubernetes.io/out-of-service-");
    installation.awaitReady();
    String volume = volume();
    volumes.awaitInSync(volume, "2/2", 240);
    kube.kubectl("delete", "deployment", "postgres");
    kube.kubectl("delete", "pvc", "postgres");
    volumes.awaitGone(volume, 120);
  }

  /** pgbench's four sums are one and the same, all indexes fit, and no transaction is missing. */
  private void verify(long transactions) throws IOException, InterruptedException {
    String sums =
        ask(
            "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from"
                + " pgbench_history) and (select sum(bbalance) from pgbench_branches) = (select"
                + " sum(delta) from pgbench_history) and (select sum(tbalance) from"
                + " pgbench_tellers) = (select sum(delta) from pgbench_history)");
    long found = Long.parseLong(ask("select count(*) from pgbench_history"));
    if (!sums.equals("t") || found < transactions) {
      throw new IOException(
          "sums agree: " + sums + "; transactions " + found + ", seen before " + transactions);
    }
    exec(
        "pg_amcheck",
        "-h",
        "/tmp",
        "-U",
        "postgres",
        "--install-missing",
        "--heapallindexed",
        "postgres");
    say(line("  %d transactions, sums agree, tables and indexes are whole", found));
  }
}
