package io.ashlar.node.rehearsal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.ashlar.block.AlignedPool;
import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.disk.DataDisk;
import io.ashlar.env.Roster;
import io.ashlar.grpc.Channels;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeView;
import io.ashlar.net.DataLoop;
import io.ashlar.net.NettyTransport;
import io.ashlar.node.HostPort;
import io.ashlar.node.agent.ControllerClient;
import io.ashlar.node.agent.ControllerRecords;
import io.ashlar.node.attach.Coordinators;
import io.ashlar.node.rehearsal.Rehearsal.Surroundings;
import io.ashlar.protocol.Timing;
import io.ashlar.runtime.NodePorts;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.store.pool.PoolOptions;
import io.ashlar.tls.TlsNames;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * One process of the small node: opens disk and volume, writes, and ends like one that is killed.
 */
final class Life implements AutoCloseable {
  private static final long CLUSTER = 1;
  private static final long POOL_BYTES = 4L << 20;
  private static final int WRITES = 4_000;
  private static final int IN_FLIGHT = 16;
  private static final long PATIENCE_SECONDS = 30;

  private final Surroundings surroundings;
  private final DataLoop loop = new DataLoop("rehearsal");
  private final AlignedPool payloads = new AlignedPool(POOL_BYTES);
  private final NettyTransport transport;
  private final ControllerClient controller;
  private final DiskPool store;
  private final ReplicaHost replicas;
  private final Coordinators coordinators;
  private final CompletableFuture<Void> written = new CompletableFuture<>();

  /** Loop thread only. */
  private int begun;

  /** Loop thread only. */
  private int answered;

  Life(Path disk, StandInController controllers, Surroundings surroundings) throws IOException {
    this.surroundings = surroundings;
    this.transport = new NettyTransport(loop, payloads, surroundings.tls());
    this.controller =
        new ControllerClient(
            List.of(controllers.address()),
            this::channel,
            RegisterRequest.getDefaultInstance(),
            List::of,
            peers -> {});
    controller.start();
    this.store = openStore(disk);
    this.replicas = new ReplicaHost(ports(surroundings.node()), store);
    NodePorts writer = ports(Rehearsal.WRITER);
    this.coordinators = new Coordinators(writer, new ReplicaHost(writer, store));
    controllers.listensAt("127.0.0.1:" + listen());
  }

  private ManagedChannel channel(String address) {
    HostPort target = HostPort.parse(address);
    String name = TlsNames.node(surroundings.node().value());
    return Channels.to(target.host(), target.port(), surroundings.tls(), name);
  }

  private DiskPool openStore(Path disk) throws IOException {
    DiskIdentity identity =
        new DiskIdentity(
            Long.toHexString(CLUSTER),
            surroundings.node(),
            "default",
            surroundings.rng().nextLong() | 1);
    LogStore opened =
        DataDisk.open(
            disk,
            identity,
            StoreFormat.SEGMENT_BYTES_DEFAULT,
            StoreOptions.DEFAULT,
            payloads,
            loop,
            loop,
            loop);
    return DiskPool.open(List.of(opened), payloads, loop, new Forgotten(), PoolOptions.DEFAULT);
  }

  /** Every life is the first one, as far as the disk's place among others goes. */
  private static final class Forgotten implements Roster {
    @Override
    public Optional<Known> known() {
      return Optional.empty();
    }

    @Override
    public void keepNow(Known next) {}

    @Override
    public void keep(Known next, Runnable done) {
      done.run();
    }
  }

  private NodePorts ports(NodeId node) {
    return new NodePorts(
        CLUSTER,
        node,
        surroundings.bootId(),
        surroundings.stateDirId(),
        surroundings.clock(),
        loop,
        surroundings.rng(),
        transport,
        new ControllerRecords(controller, transport, loop),
        payloads,
        Timing.DEFAULT,
        (volume, event) -> {});
  }

  private int listen() throws IOException {
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var channel = transport.listen(anyPort, replicas::incoming);
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  void live() throws InterruptedException, ExecutionException, TimeoutException {
    var _ = controller.volume(Rehearsal.VOLUME.value());
    loop.execute(this::begin);
    written.get(PATIENCE_SECONDS, SECONDS);
  }

  // ---- on the loop

  private void begin() {
    replicas.start();
    View view =
        new View(
            Rehearsal.EPOCH, List.of(Rehearsal.REPLICA), Rehearsal.LINEAGE, Rehearsal.GENERATION);
    ReplicaMeta first =
        ReplicaMeta.created(
            Rehearsal.VOLUME,
            Rehearsal.REPLICA,
            Rehearsal.INCARNATION,
            Rehearsal.VOLUME_BYTES,
            view);
    replicas.create(
        first,
        refused -> {
          refused.ifPresent(this::fail);
          coordinators.openForAttachment(
              Rehearsal.VOLUME, Rehearsal.GENERATION, new WriteWhenServing());
        });
  }

  private void fail(String reason) {
    written.completeExceptionally(new IOException(reason));
  }

  private final class WriteWhenServing implements VolumeCoordinator.Listener {
    @Override
    public void serving(VolumeView view) {
      BlockDevice device = coordinators.find(Rehearsal.VOLUME).orElseThrow();
      long session = device.openSession();
      for (int i = 0; i < IN_FLIGHT; i++) {
        write(device, session);
      }
    }

    @Override
    public void closed(String reason) {
      fail(reason);
    }
  }

  private void write(BlockDevice device, long session) {
    if (begun == WRITES) {
      return;
    }
    begun++;
    int block = surroundings.rng().nextInt((int) (Rehearsal.VOLUME_BYTES / BLOCK_BYTES));
    BlockRequest request =
        new BlockRequest(
            BlockRequest.Kind.WRITE,
            (long) block * BLOCK_BYTES,
            BLOCK_BYTES,
            false,
            payloads.lease(BLOCK_BYTES),
            (status, none) -> {
              if (status != BlockRequest.Status.OK) {
                fail("a write was answered with " + status);
              }
              if (++answered == WRITES) {
                written.complete(null);
              }
              write(device, session);
            });
    device.submit(session, request);
  }

  /** Nothing is noted, so the next one finds all that this one wrote in the log's tail. */
  @Override
  public void close() {
    controller.close();
    CompletableFuture<Void> ended =
        CompletableFuture.runAsync(
            () -> {
              coordinators.find(Rehearsal.VOLUME).ifPresent(it -> it.abandon("the end"));
              replicas.stop();
              store.close();
            },
            loop);
    ended.join();
    loop.close();
  }
}
