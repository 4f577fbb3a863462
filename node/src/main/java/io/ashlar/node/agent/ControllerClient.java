package io.ashlar.node.agent;

import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.NodeAddress;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RecordFormatRequest;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.control.v1.VolumesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's connection to the controller: registers, sends a heartbeat every second, and lends its
 * stubs. Blocking calls are for threads that may wait, never for the data loop.
 */
public final class ControllerClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControllerClient.class);
  private static final long CALL_SECONDS = 3;
  private static final long HEARTBEAT_MILLIS = 1_000;

  private final ManagedChannel channel;
  private final RegisterRequest registration;
  private final Supplier<List<Pool>> pools;
  private final Consumer<List<NodeAddress>> peers;
  private final ScheduledExecutorService heart =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().name("heartbeat").daemon().unstarted(task));
  private final CompletableFuture<String> clusterId = new CompletableFuture<>();
  private boolean registered;
  private boolean silent;

  /**
   * @param peers told with every heartbeat where the nodes listen, on the heartbeat's thread
   */
  public ControllerClient(
      InetSocketAddress address,
      RegisterRequest registration,
      Supplier<List<Pool>> pools,
      Consumer<List<NodeAddress>> peers) {
    this.channel =
        NettyChannelBuilder.forAddress(address.getHostString(), address.getPort())
            .usePlaintext()
            .build();
    this.registration = registration;
    this.pools = pools;
    this.peers = peers;
  }

  /** Begins to register and to beat. */
  public void start() {
    var _ = heart.scheduleWithFixedDelay(this::beat, 0, HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Reports at once, as when the pools have just been opened; blocks until that was tried. */
  public void reportNow() {
    try {
      heart.submit(this::beat).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  /** Id of the cluster, known from the first registration on. */
  public CompletableFuture<String> clusterId() {
    return clusterId;
  }

  private void beat() {
    try {
      if (!registered) {
        register();
      }
      HeartbeatReply reply =
          nodes()
              .heartbeat(
                  HeartbeatRequest.newBuilder()
                      .setNodeId(registration.getNodeId())
                      .setInstance(registration.getInstance())
                      .addAllPools(pools.get())
                      .build());
      registered = !reply.getRegister();
      peers.accept(reply.getPeersList());
      silent = false;
    } catch (StatusRuntimeException e) {
      registered = false;
      if (!silent) {
        silent = true;
        LOG.warn("event=controller_unreachable reason=\"{}\"", e.getStatus());
      }
    } catch (RuntimeException e) {
      LOG.error("event=heartbeat_failed", e);
    }
  }

  private void register() {
    String id =
        nodes()
            .register(registration.toBuilder().clearPools().addAllPools(pools.get()).build())
            .getClusterId();
    registered = true;
    clusterId.complete(id);
    LOG.info("event=registered cluster={}", id);
  }

  private NodesGrpc.NodesBlockingStub nodes() {
    return NodesGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** A stub for calls that answer to a listener. */
  VolumesGrpc.VolumesStub volumes() {
    return VolumesGrpc.newStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  private VolumesGrpc.VolumesBlockingStub volumesBlocking() {
    return VolumesGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Reads a volume's record; blocks.
   *
   * @throws StatusRuntimeException as the controller or the connection says
   */
  public VolumeView volume(String volumeId) {
    return volumesBlocking().get(GetVolumeRequest.newBuilder().setVolumeId(volumeId).build());
  }

  /** Notes a step of formatting durably; blocks. */
  public VolumeView recordFormat(RecordFormatRequest request) {
    return volumesBlocking().recordFormat(request);
  }

  @Override
  public void close() {
    heart.shutdownNow();
    channel.shutdownNow();
  }
}
