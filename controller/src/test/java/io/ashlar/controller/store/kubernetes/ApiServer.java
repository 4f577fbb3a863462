package io.ashlar.controller.store.kubernetes;

import io.ashlar.controller.kubernetes.KubernetesClients;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.StoreException;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real kube-apiserver on a real etcd, on loopback, with our custom resources. The programs are
 * found in the folder that the system property or variable ASHLAR_KUBERNETES_BIN names.
 */
final class ApiServer implements AutoCloseable {
  private static final Path RESOURCES = Path.of("../deploy/helm/ashlar/crds").toAbsolutePath();
  private static final String TOKEN = "test-admin";

  private final Path folder;
  private final Path programs;
  private final int etcdPort = freePort();
  private final int port = freePort();
  private final Process etcd;
  private Process apiServer;
  private final List<KubernetesClient> clients = new ArrayList<>();

  ApiServer(Path folder) throws Exception {
    this.folder = folder;
    this.programs = programs();
    writeKeys();
    this.etcd =
        run(
            "etcd",
            "--data-dir=" + folder.resolve("etcd"),
            "--listen-client-urls=http://127.0.0.1:" + etcdPort,
            "--advertise-client-urls=http://127.0.0.1:" + etcdPort,
            "--listen-peer-urls=http://127.0.0.1:" + freePort(),
            "--log-level=warn");
    start();
    install();
    awaitCollections();
  }

  private static Path programs() {
    String named = System.getenv("ASHLAR_KUBERNETES_BIN");
    if (named == null) {
      throw new IllegalStateException(
          "ASHLAR_KUBERNETES_BIN is not set: want the folder that sanity-tests/kubernetes/lib/tools"
              + " prints");
    }
    return Path.of(named);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void writeKeys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    byte[] key = generator.generateKeyPair().getPrivate().getEncoded();
    Files.writeString(
        folder.resolve("accounts.key"),
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key)
            + "\n-----END PRIVATE KEY-----\n");
    Files.writeString(folder.resolve("tokens"), TOKEN + ",admin,admin,system:masters\n");
  }

  private Process run(String program, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of(programs.resolve(program).toString()));
    command.addAll(List.of(options));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(folder + "/" + program + ".log")))
        .start();
  }

  /** Starts it again after it was killed, and waits until our collections can be read. */
  void restart() throws Exception {
    start();
    awaitCollections();
  }

  private void start() throws Exception {
    Path key = folder.resolve("accounts.key");
    apiServer =
        run(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:" + etcdPort,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--secure-port=" + port,
            "--cert-dir=" + folder.resolve("certificates"),
            "--token-auth-file=" + folder.resolve("tokens"),
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-signing-key-file=" + key,
            "--service-account-key-file=" + key,
            "--service-cluster-ip-range=10.96.0.0/16",
            "--disable-admission-plugins=ServiceAccount");
    KubernetesClient probe = client();
    await(() -> probe.raw("/readyz"));
  }

  /** Custom resources are answered with 429 until their caches are filled. */
  private void awaitCollections() throws Exception {
    KubernetesStore store = new KubernetesStore(client());
    for (Collection collection : Collection.values()) {
      await(() -> store.list(collection));
    }
  }

  private void await(Runnable question) throws InterruptedException {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (true) {
      try {
        question.run();
        return;
      } catch (KubernetesClientException | StoreException notYet) {
        if (!apiServer.isAlive() || System.nanoTime() > endNanos) {
          throw new IllegalStateException(
              "the API server does not come up: see " + folder + "/kube-apiserver.log", notYet);
        }
        Thread.sleep(100);
      }
    }
  }

  private void install() throws Exception {
    KubernetesClient client = client();
    List<Path> files;
    try (var list = Files.list(RESOURCES)) {
      files = list.sorted().toList();
    }
    for (Path file : files) {
      client.load(Files.newInputStream(file)).serverSideApply();
    }
    for (var definition :
        client.apiextensions().v1().customResourceDefinitions().list().getItems()) {
      client
          .apiextensions()
          .v1()
          .customResourceDefinitions()
          .withName(definition.getMetadata().getName())
          .waitUntilCondition(ApiServer::isEstablished, 30, TimeUnit.SECONDS);
    }
  }

  private static boolean isEstablished(
      io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition definition) {
    return definition != null
        && definition.getStatus() != null
        && definition.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    condition.getType().equals("Established")
                        && condition.getStatus().equals("True"));
  }

  /** As the controller opens it; closed with the server. */
  KubernetesClient client() {
    KubernetesClient client =
        KubernetesClients.open(
            new ConfigBuilder()
                .withAutoConfigure(false)
                .withMasterUrl("https://127.0.0.1:" + port)
                .withOauthToken(TOKEN)
                .withTrustCerts(true)
                .build());
    clients.add(client);
    return client;
  }

  void kill() throws InterruptedException {
    apiServer.destroyForcibly().waitFor();
  }

  /** Forgets all versions up to now, as etcd does every few minutes. */
  void compact() throws Exception {
    long revision =
        new KubernetesStore(client())
            .list(io.ashlar.controller.store.ClusterStore.Collection.VOLUMES)
            .revision();
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + etcdPort + "/v3/kv/compaction"))
                    .timeout(Duration.ofSeconds(10))
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "{\"revision\":\"" + revision + "\",\"physical\":true}"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IllegalStateException("etcd does not compact: " + answer.body());
    }
  }

  @Override
  public void close() {
    clients.forEach(KubernetesClient::close);
    apiServer.destroyForcibly();
    etcd.destroyForcibly();
  }
}
