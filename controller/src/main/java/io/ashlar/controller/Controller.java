package io.ashlar.controller;

import io.ashlar.controller.ControllerConfig.BackendConfig;
import io.ashlar.controller.csi.ControllerService;
import io.ashlar.controller.csi.StatusMapper;
import io.ashlar.controller.csi.VolumeWaits;
import io.ashlar.controller.csi.VolumeWork;
import io.ashlar.controller.failover.Fencer;
import io.ashlar.controller.http.ControllerMetrics;
import io.ashlar.controller.nodes.CertificatesService;
import io.ashlar.controller.nodes.ControlServer;
import io.ashlar.controller.nodes.Controllers;
import io.ashlar.controller.nodes.GrpcNodeAgents;
import io.ashlar.controller.nodes.NodeDirectory;
import io.ashlar.controller.nodes.NodesService;
import io.ashlar.controller.nodes.VolumesService;
import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.reconcile.Cluster;
import io.ashlar.controller.reconcile.VolumeReconciler;
import io.ashlar.controller.state.ControllerRecord;
import io.ashlar.controller.state.Grave;
import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.Records;
import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.csi.server.CsiServer;
import io.ashlar.csi.server.IdentityService;
import io.ashlar.env.Clock;
import io.ashlar.env.Rng;
import io.ashlar.http.HttpEndpoint;
import io.ashlar.tls.Tls;
import io.grpc.BindableService;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running controller: its parts, wired; closed in reverse order. */
public final class Controller implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Controller.class);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final AtomicBoolean ready = new AtomicBoolean();
  private final Clock clock = System::nanoTime;
  private final Rng rng = new SecureRng();
  private ControlServer control;
  private HttpEndpoint http;

  private Controller() {}

  /**
   * Serves from now on.
   *
   * @throws IOException if a socket or port cannot be bound or the state folder not be made
   */
  public static Controller start(ControllerConfig config) throws IOException {
    Controller controller = new Controller();
    try {
      controller.open(config);
      return controller;
    } catch (IOException | RuntimeException failed) {
      controller.close();
      throw failed;
    }
  }

  private <T extends AutoCloseable> T part(T part) {
    parts.push(part);
    return part;
  }

  private void open(ControllerConfig config) throws IOException {
    log.info("controller starts version={} config={}", version(), config);
    Backend backend = part(backend(config.backend()));
    ClusterStore store = backend.store();
    Records<VolumeRecord> volumes = new Records<>(store, Collection.VOLUMES, VolumeRecord.class);
    NodeDirectory nodes =
        new NodeDirectory(
            new Records<>(store, Collection.NODES, NodeRecord.class),
            clock,
            config.times().nodeSilence());
    Optional<Tls> tls =
        backend.trust().map(trust -> part(new OwnCertificate(trust.authority())).tls());
    GrpcNodeAgents agents = part(new GrpcNodeAgents(nodes, config.times().agentTimeout(), tls));
    Cluster cluster =
        new Cluster(
            volumes,
            new Records<>(store, Collection.GRAVES, Grave.class),
            nodes,
            agents,
            new Placement(config.space()),
            rng);
    ControllerMetrics metrics = new ControllerMetrics(nodes);
    Leadership leadership = leadership(config, store, cluster, metrics);
    part(backend.election().stand(leadership));
    VolumeWork work =
        new VolumeWork(
            cluster,
            leadership,
            part(new VolumeWaits(store, volumes)),
            backend.claims(),
            config.times().callWait());
    StatusMapper status = new StatusMapper();
    control =
        part(
            new ControlServer(
                config.controlListen().address(),
                tls,
                services(config, backend, nodes, volumes),
                new CallInterceptor(status, CallObserver.NONE)));
    http = part(new HttpEndpoint(config.httpListen().address(), metrics::scrape, ready::get));
    part(new CsiServer(
            config.csiEndpoint(),
            List.of(new IdentityService(version(), ready::get), new ControllerService(work)),
            new CallInterceptor(status, metrics)))
        .start();
    ready.set(true);
    log.info("controller ready control={} http={}", control.port(), http.port());
  }

  private List<BindableService> services(
      ControllerConfig config,
      Backend backend,
      NodeDirectory nodes,
      Records<VolumeRecord> volumes) {
    List<BindableService> services = new ArrayList<>();
    services.add(
        new NodesService(
            nodes, ClusterIdentity.of(backend.store(), rng), controllers(config, backend)));
    services.add(new VolumesService(volumes, nodes));
    backend
        .trust()
        .map(trust -> new CertificatesService(trust.authority(), trust.tokens(), Instant::now))
        .ifPresent(services::add);
    return services;
  }

  private static Backend backend(BackendConfig config) throws IOException {
    return switch (config) {
      case BackendConfig.Embedded embedded -> new EmbeddedBackend(embedded.stateDir());
      case BackendConfig.Kubernetes kubernetes -> new KubernetesBackend(kubernetes);
    };
  }

  private Leadership leadership(
      ControllerConfig config, ClusterStore store, Cluster cluster, ControllerMetrics metrics) {
    VolumeReconciler reconciler =
        new VolumeReconciler(
            cluster, clock, config.times().repairDelay(), config.times().replaceGrace());
    Fencer fencer = new Fencer(cluster, clock, metrics);
    Leadership leadership =
        new Leadership(() -> new Leading(store, cluster, reconciler, fencer, metrics::showVolumes));
    cluster.nodes().onReturn(node -> leadership.sweepSoon());
    return leadership;
  }

  /** Where nodes find all controllers, if there may be several. */
  private Supplier<List<String>> controllers(ControllerConfig config, Backend backend) {
    if (!(config.backend() instanceof BackendConfig.Kubernetes kubernetes)) {
      return List::of;
    }
    ControllerRecord self =
        new ControllerRecord(kubernetes.name(), config.controlListen().toString(), 1);
    Controllers controllers =
        part(
            new Controllers(
                new Records<>(backend.store(), Collection.CONTROLLERS, ControllerRecord.class),
                self,
                clock));
    return controllers.start()::addresses;
  }

  private static String version() {
    String version = Controller.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /** Port that nodes call. */
  public int controlPort() {
    return control.port();
  }

  public int httpPort() {
    return http.port();
  }

  @Override
  public void close() {
    ready.set(false);
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        part.close();
      } catch (Exception failed) {
        log.warn("closing failed part={}", part.getClass().getSimpleName(), failed);
      }
    }
    log.info("controller ended");
  }
}
