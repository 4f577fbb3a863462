package io.ashlar.node;

import io.ashlar.block.AlignedPool;
import io.ashlar.control.v1.NodeAddress;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.csi.server.CsiServer;
import io.ashlar.csi.server.IdentityService;
import io.ashlar.env.Clock;
import io.ashlar.env.Rng;
import io.ashlar.grpc.Channels;
import io.ashlar.grpc.GuardedServers;
import io.ashlar.grpc.PeerCheck;
import io.ashlar.guard.RareLog;
import io.ashlar.http.HttpEndpoint;
import io.ashlar.model.NodeId;
import io.ashlar.net.DataLoop;
import io.ashlar.net.NettyTransport;
import io.ashlar.node.admin.DisksService;
import io.ashlar.node.agent.ControllerClient;
import io.ashlar.node.agent.ControllerRecords;
import io.ashlar.node.agent.Enrolment;
import io.ashlar.node.agent.NodeAgentService;
import io.ashlar.node.attach.AttachmentNotes;
import io.ashlar.node.attach.Attachments;
import io.ashlar.node.attach.Coordinators;
import io.ashlar.node.attach.LocalAttacher;
import io.ashlar.node.attach.NodeExports;
import io.ashlar.node.csi.CsiNodeOptions;
import io.ashlar.node.csi.NodeService;
import io.ashlar.node.csi.StatusMapper;
import io.ashlar.node.frontend.fuse.FuseFrontend;
import io.ashlar.node.frontend.fuse.FuseOptions;
import io.ashlar.node.frontend.fuse.holder.HolderClient;
import io.ashlar.node.frontend.nbd.NbdServer;
import io.ashlar.node.http.NodeMetrics;
import io.ashlar.node.kubelet.KubeletRegistration;
import io.ashlar.node.kubelet.RegistrationOptions;
import io.ashlar.node.pool.DiskOpening;
import io.ashlar.node.pool.NodeDisks;
import io.ashlar.node.pool.Opening;
import io.ashlar.node.rehearsal.Rehearsal;
import io.ashlar.protocol.Timing;
import io.ashlar.runtime.NodePorts;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.seal.NativeCodecs;
import io.ashlar.store.StoreEngine.Space;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsNames;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All parts of a node, put together in the order in which a restart must bring them back: lock,
 * disk, replication, then everything that is not in the way of I/O.
 */
final class NodeDaemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeDaemon.class);
  private static final RareLog RARE = new RareLog(LOG);
  private static final Logger EVENTS = LoggerFactory.getLogger("io.ashlar.events");
  private static final String POOL = "default";
  private static final Duration HOLDER_PATIENCE = Duration.ofSeconds(10);

  /** How long whatever pods do not wait for leaves the processors to the volumes' return. */
  private static final Duration RESUME_PATIENCE = Duration.ofSeconds(2);

  private static final String VERSION = "0.1.0";

  /** Freed buffers kept for reuse, for each size: what a busy loop has in flight at once. */
  private static final long POOL_BYTES_PER_CLASS = 16L << 20;

  private final NodeConfig config;
  private final Rng rng = Host.rng();
  private final Clock clock = Host.clock();
  private final StateDir stateDir;
  private final DataLoop loop = new DataLoop("data");
  private final AlignedPool payloads = new AlignedPool(POOL_BYTES_PER_CLASS);
  private final Optional<Enrolment> enrolment;
  private final Optional<Tls> tls;
  private final NettyTransport transport;
  private final NodeMetrics metrics = new NodeMetrics();
  private final ControllerClient controller;
  private final NodeDisks disks;
  private final DiskPool store;
  private final NodePorts ports;
  private final ReplicaHost replicas;
  private final Coordinators coordinators;
  private final HolderClient holder;
  private final Attachments attachments;
  private final EventLoopGroup agentLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server agent;
  private final NodeService nodeService;
  private final CsiServer csi;
  private final CsiServer admin;
  private final HttpEndpoint http;
  private final Optional<KubeletRegistration> kubelet;
  private volatile Space space = new Space(0, 0, 0, 0);
  private volatile boolean diskFailed;

  private volatile boolean ready;

  static NodeDaemon start(NodeConfig config) throws IOException, InterruptedException {
    return new NodeDaemon(config);
  }

  private NodeDaemon(NodeConfig config) throws IOException, InterruptedException {
    this.config = config;
    LOG.info("event=starting node={}", config.node());
    config.kubelet().ifPresent(RegistrationOptions::requireFolder);
    Opening<String> codecs = Opening.begin("codecs-loading", NativeCodecs::load);
    this.stateDir = StateDir.open(config.stateDir(), rng);
    Optional<String> cluster = knownCluster();
    Optional<Opening<NodeDisks>> opening = cluster.map(this::beginToOpenDisks);
    this.enrolment = enrolment();
    this.tls = enrolment.map(Enrolment::tls);
    this.transport = new NettyTransport(loop, payloads, tls);
    this.controller =
        new ControllerClient(
            config.controllers().stream().map(HostPort::toString).toList(),
            address -> channel(address, tls),
            registration(),
            this::pool,
            this::learn);
    controller.start();
    String clusterId = cluster.isPresent() ? cluster.get() : learnedCluster();
    this.disks = opening.isPresent() ? opening.get().result() : openDisks(clusterId);
    this.store = disks.pool();
    this.ports = ports(Long.parseUnsignedLong(clusterId, 16));
    this.replicas = new ReplicaHost(ports, store);
    this.coordinators = new Coordinators(ports, replicas);
    onLoop(replicas::start);
    onLoop(disks::start);
    this.holder = new HolderClient(config.holderSocket(), HOLDER_PATIENCE);
    this.attachments = attachments();
    var _ = transport.listen(config.replicationListen().address(), replicas::incoming);
    LOG.info("event=codecs_loaded {}", codecs.result());
    attachments.resume(RESUME_PATIENCE);
    this.agent =
        agentServer()
            .intercept(new CallInterceptor(new StatusMapper(), CallObserver.NONE))
            .addService(
                new NodeAgentService(
                    loop, replicas, coordinators, attachments::resized, clock::nanos))
            .build()
            .start();
    serveNbd();
    onLoop(() -> space = store.space());
    controller.reportNow();
    this.nodeService =
        new NodeService(
            CsiNodeOptions.of(
                config.node(), config.deviceDir(), config.topology(), config.maxVolumes()),
            new LocalAttacher(attachments, coordinators, controller, loop));
    makeSocketFolder();
    this.csi =
        new CsiServer(
                config.csiEndpoint(),
                List.of(new IdentityService(VERSION, () -> ready), nodeService),
                new CallInterceptor(new StatusMapper(), metrics::csiCall))
            .start();
    observe();
    metrics.pool(POOL, () -> space.totalBytes(), () -> space.freeBytes());
    this.http = new HttpEndpoint(config.httpListen().address(), metrics::scrape, () -> ready);
    ready = true;
    this.kubelet = config.kubelet().map(KubeletRegistration::new);
    kubelet.ifPresent(KubeletRegistration::start);
    this.admin =
        new CsiServer(
                config.adminSocket(),
                List.of(new DisksService(disks.changes())),
                new CallInterceptor(new StatusMapper(), CallObserver.NONE))
            .start();
    LOG.info("event=ready node={}", config.node());
  }

  private Optional<Enrolment> enrolment() throws IOException, InterruptedException {
    if (config.tls().isEmpty()) {
      return Optional.empty();
    }
    Enrolment.Options options =
        new Enrolment.Options(
            config.node(),
            config.tls().get().authorities(),
            config.tls().get().token(),
            config.controllers().stream().map(HostPort::toString).toList());
    return Optional.of(
        new Enrolment(
            options,
            stateDir.path(),
            (address, stranger) -> channel(address, Optional.of(stranger))));
  }

  private static ManagedChannel channel(String address, Optional<Tls> tls) {
    HostPort target = HostPort.parse(address);
    return Channels.to(target.host(), target.port(), tls, TlsNames.CONTROLLER);
  }

  /** For the controllers alone. */
  private NettyServerBuilder agentServer() {
    InetSocketAddress address = config.agentListen().address();
    return tls.map(
            each ->
                GuardedServers.on(address, agentLoops, each, ClientAuth.REQUIRE)
                    .intercept(
                        new PeerCheck(
                            (service, peer) -> peer.equals(Optional.of(TlsNames.CONTROLLER)))))
        .orElseGet(() -> GuardedServers.on(address, agentLoops));
  }

  /** In the kubelet's folder of plugins ours is missing at first; a wrong path is not made up. */
  private void makeSocketFolder() throws IOException {
    Path folder = config.csiEndpoint().path().getParent();
    if (!Files.exists(folder) && Files.isDirectory(folder.getParent())) {
      Files.createDirectory(folder);
    }
  }

  private void serveNbd() throws IOException {
    NbdServer server =
        new NbdServer(loop, payloads, new NodeExports(attachments, replicas, payloads, loop));
    var _ = server.listen(config.nbdSocket());
    if (config.nbdListen().isPresent()) {
      var _ = server.listen(config.nbdListen().get().address());
      LOG.warn("event=nbd_listens address={} it is not protected", config.nbdListen().get());
    }
  }

  private Attachments attachments() throws IOException {
    FuseOptions options =
        FuseOptions.of(config.tag(), stateDir.path().resolve("fuse"), config.deviceDir());
    return new Attachments(
        config.node(),
        loop,
        coordinators,
        controller,
        new FuseFrontend(options, holder),
        new AttachmentNotes(stateDir.path().resolve("attachments")),
        metrics,
        clock);
  }

  private RegisterRequest registration() throws IOException {
    return RegisterRequest.newBuilder()
        .setNodeId(config.node().value())
        .setStateDirId(stateDir.id())
        .setInstance(rng.nextLong())
        .setBootId(Host.bootId())
        .putAllTopology(config.topology())
        .putTopology(CsiNodeOptions.NODE_KEY, config.node().value())
        .setAgentAddress(config.agentListen().toString())
        .setReplicationAddress(config.replicationListen().toString())
        .setMaxVolumes(config.maxVolumes())
        .setVersion(VERSION)
        .build();
  }

  private List<Pool> pool() {
    Space now = space;
    return List.of(
        Pool.newBuilder()
            .setName(POOL)
            .setTotalBytes(now.totalBytes())
            .setFreeBytes(now.freeBytes())
            .setFailed(diskFailed)
            .build());
  }

  private void learn(List<NodeAddress> peers) {
    loop.execute(
        () -> {
          for (NodeAddress peer : peers) {
            learn(peer);
          }
        });
  }

  /** What one node says of itself does not keep us from the others. */
  private void learn(NodeAddress peer) {
    try {
      transport.learn(
          new NodeId(peer.getNodeId()), HostPort.parse(peer.getReplicationAddress()).address());
    } catch (IllegalArgumentException e) {
      RARE.warn(
          "bad_peer", "event=bad_peer peer={} reason=\"{}\"", peer.getNodeId(), e.getMessage());
    }
  }

  /** The cluster's id, from an earlier start. */
  private Optional<String> knownCluster() throws IOException {
    Path file = clusterFile();
    return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
  }

  /** The cluster's id from the first registration, which is waited for. */
  private String learnedCluster() throws IOException, InterruptedException {
    try {
      String id = controller.clusterId().get();
      Files.writeString(clusterFile(), id);
      return id;
    } catch (ExecutionException e) {
      throw new IOException("cannot learn the cluster's id", e);
    }
  }

  private Path clusterFile() {
    return stateDir.path().resolve("cluster");
  }

  /** A restart that volumes wait for reads the disks while it sets up TLS. */
  private Opening<NodeDisks> beginToOpenDisks(String cluster) {
    return Opening.begin("disk-opening", () -> openDisks(cluster));
  }

  private NodeDisks openDisks(String cluster) throws IOException, InterruptedException {
    DiskOpening.Owner owner = new DiskOpening.Owner(cluster, config.node(), POOL);
    return new DiskOpening(config.stateDir(), config.disks(), owner, rng::nextLong, payloads, loop)
        .open();
  }

  private NodePorts ports(long cluster) throws IOException {
    return new NodePorts(
        cluster,
        config.node(),
        Host.bootId(),
        stateDir.id(),
        clock,
        loop,
        rng,
        transport,
        new ControllerRecords(controller, transport, loop),
        payloads,
        Timing.DEFAULT,
        (volume, event) -> EVENTS.info("volume={} {}", volume, event));
  }

  /** Copies what other threads may know of the loop's state, every second. */
  private void observe() {
    loop.after(
        TimeUnit.SECONDS.toNanos(1),
        () -> {
          space = store.space();
          diskFailed = store.failed();
          disks.observe(metrics);
          metrics.observe(store.replicas());
          for (VolumeCoordinator coordinator : coordinators.all()) {
            coordinator
                .machine()
                .view()
                .ifPresent(view -> metrics.observe(view.volume(), coordinator));
          }
          observe();
        });
  }

  private void onLoop(Runnable task) throws InterruptedException {
    CompletableFuture<Void> done = CompletableFuture.runAsync(task, loop);
    try {
      done.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  /** For a start that is recorded: does once what it has had no cause to do. */
  void rehearse() throws IOException, InterruptedException {
    Rehearsal.run(
        stateDir.path(),
        new Rehearsal.Surroundings(config.node(), tls, Host.bootId(), clock, rng, stateDir.id()));
    LOG.info("event=rehearsed node={}", config.node());
  }

  /** Leaves everything so that a next process, or a power loss, finds it in order. */
  @Override
  public void close() {
    LOG.info("event=stopping");
    ready = false;
    kubelet.ifPresent(KubeletRegistration::close);
    http.close();
    csi.close();
    admin.close();
    nodeService.close();
    agent.shutdownNow();
    var _ = agentLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    attachments.close();
    holder.close();
    try {
      onLoop(replicas::stop);
      onLoop(disks::stop);
      disks.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    controller.close();
    enrolment.ifPresent(Enrolment::close);
    loop.close();
    try {
      stateDir.close();
    } catch (IOException e) {
      LOG.warn("event=state_dir_not_closed", e);
    }
  }
}
