package io.ashlar.controller;

import io.ashlar.control.v1.CloseCoordinatorReply;
import io.ashlar.control.v1.CloseCoordinatorRequest;
import io.ashlar.control.v1.CreateReplicaReply;
import io.ashlar.control.v1.CreateReplicaRequest;
import io.ashlar.control.v1.DeleteReplicaReply;
import io.ashlar.control.v1.DeleteReplicaRequest;
import io.ashlar.control.v1.FenceReply;
import io.ashlar.control.v1.FenceRequest;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.ListReplicasReply;
import io.ashlar.control.v1.ListReplicasRequest;
import io.ashlar.control.v1.NodeAgentGrpc;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.OpenCoordinatorReply;
import io.ashlar.control.v1.OpenCoordinatorRequest;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.ReplicaInfo;
import io.ashlar.control.v1.ResizeReply;
import io.ashlar.control.v1.ResizeRequest;
import io.ashlar.control.v1.VolumesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A node as the controller sees it: a real gRPC NodeAgent with replicas in memory, registering and
 * beating. Calls can be held or refused by a hook.
 */
public final class FakeNode extends NodeAgentGrpc.NodeAgentImplBase implements AutoCloseable {
  public static final long POOL_BYTES = 1L << 40;

  /** Before each call is done; may block or throw. */
  @FunctionalInterface
  public interface Hook {
    void before(String call);
  }

  private final String id;
  private final long stateDirId;
  private final String bootId;
  private final int maxVolumes;
  private final Server server;
  private final Map<Long, ReplicaInfo> replicas = new ConcurrentHashMap<>();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService heart = Executors.newSingleThreadScheduledExecutor();
  private volatile Hook hook = call -> {};
  private volatile boolean beating = true;
  private volatile ManagedChannel controller;
  private volatile long fencePendingUntilNanos;
  private final AtomicInteger fenceCalls = new AtomicInteger();

  public FakeNode(String id, int maxVolumes) throws IOException {
    this.id = id;
    this.stateDirId = id.hashCode();
    this.bootId = "boot-" + id;
    this.maxVolumes = maxVolumes;
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .addService(this)
            .build()
            .start();
    var _ = heart.scheduleWithFixedDelay(this::beat, 100, 100, TimeUnit.MILLISECONDS);
  }

  public String id() {
    return id;
  }

  public long stateDirId() {
    return stateDirId;
  }

  public Map<Long, ReplicaInfo> replicas() {
    return replicas;
  }

  public List<String> calls() {
    return calls;
  }

  public int fenceCalls() {
    return fenceCalls.get();
  }

  public void hook(Hook next) {
    hook = next;
  }

  /** Fences are answered "pending" for that long, as for a lease that has to end. */
  public void fencePendingMillis(long millis) {
    fencePendingUntilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  /** Registers with a controller, by now or again. */
  public void connect(int controlPort) {
    if (controller != null) {
      controller.shutdownNow();
    }
    controller = NettyChannelBuilder.forAddress("127.0.0.1", controlPort).usePlaintext().build();
    register();
  }

  public VolumesGrpc.VolumesBlockingStub volumes() {
    return VolumesGrpc.newBlockingStub(controller).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  /** Silent and deaf, as when its link is cut; or back. */
  public void cut(boolean cut) {
    beating = !cut;
    hook =
        cut
            ? call -> {
              throw io.grpc.Status.UNAVAILABLE.withDescription("cut").asRuntimeException();
            }
            : call -> {};
  }

  private void register() {
    RegisterRequest request =
        RegisterRequest.newBuilder()
            .setNodeId(id)
            .setStateDirId(stateDirId)
            .setInstance(7)
            .setBootId(bootId)
            .putTopology("topology.ashlar.io/node", id)
            .addPools(pool())
            .setAgentAddress("127.0.0.1:" + server.getPort())
            .setReplicationAddress("127.0.0.1:1")
            .setMaxVolumes(maxVolumes)
            .build();
    var _ =
        NodesGrpc.newBlockingStub(controller)
            .withWaitForReady()
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .register(request);
  }

  private static Pool pool() {
    return Pool.newBuilder()
        .setName("default")
        .setTotalBytes(POOL_BYTES)
        .setFreeBytes(POOL_BYTES)
        .build();
  }

  private void beat() {
    if (!beating || controller == null) {
      return;
    }
    try {
      boolean again =
          NodesGrpc.newBlockingStub(controller)
              .withDeadlineAfter(1, TimeUnit.SECONDS)
              .heartbeat(
                  HeartbeatRequest.newBuilder()
                      .setNodeId(id)
                      .setInstance(7)
                      .addPools(pool())
                      .build())
              .getRegister();
      if (again) {
        register();
      }
    } catch (StatusRuntimeException away) {
      // The next beat tries again.
    }
  }

  private <R> void handle(String call, StreamObserver<R> observer, Supplier<R> work) {
    try {
      calls.add(call);
      hook.before(call);
      observer.onNext(work.get());
      observer.onCompleted();
    } catch (StatusRuntimeException refused) {
      observer.onError(refused);
    }
  }

  @Override
  public void createReplica(
      CreateReplicaRequest request, StreamObserver<CreateReplicaReply> observer) {
    handle(
        "create",
        observer,
        () -> {
          replicas.put(
              request.getReplica(),
              ReplicaInfo.newBuilder()
                  .setVolumeId(request.getVolumeId())
                  .setReplica(request.getReplica())
                  .setIncarnation(request.getIncarnation())
                  .setPromisedEpoch(request.getView().getEpoch())
                  .setView(request.getView())
                  .setSizeBytes(request.getSizeBytes())
                  .build());
          return CreateReplicaReply.getDefaultInstance();
        });
  }

  @Override
  public void deleteReplica(
      DeleteReplicaRequest request, StreamObserver<DeleteReplicaReply> observer) {
    handle(
        "delete",
        observer,
        () -> {
          replicas.computeIfPresent(
              request.getReplica(),
              (replica, info) -> info.getIncarnation() == request.getIncarnation() ? null : info);
          return DeleteReplicaReply.getDefaultInstance();
        });
  }

  @Override
  public void listReplicas(
      ListReplicasRequest request, StreamObserver<ListReplicasReply> observer) {
    handle(
        "list",
        observer,
        () -> ListReplicasReply.newBuilder().addAllReplicas(replicas.values()).build());
  }

  @Override
  public void fence(FenceRequest request, StreamObserver<FenceReply> observer) {
    handle("fence", observer, () -> fenceReply(request));
  }

  private FenceReply fenceReply(FenceRequest request) {
    fenceCalls.incrementAndGet();
    long pendingNanos = fencePendingUntilNanos - System.nanoTime();
    if (fencePendingUntilNanos != 0 && pendingNanos > 0) {
      return FenceReply.newBuilder()
          .setPendingMillis(TimeUnit.NANOSECONDS.toMillis(pendingNanos) + 1)
          .build();
    }
    ReplicaInfo replica = replicas.get(request.getReplica());
    int promised = replica == null ? 0 : replica.getPromisedEpoch();
    int wanted = request.getView().getEpoch();
    if (replica == null || promised > wanted) {
      return FenceReply.newBuilder().setPromisedEpoch(promised).build();
    }
    replicas.put(request.getReplica(), replica.toBuilder().setPromisedEpoch(wanted).build());
    return FenceReply.newBuilder().setPromised(true).setPromisedEpoch(wanted).build();
  }

  @Override
  public void resize(ResizeRequest request, StreamObserver<ResizeReply> observer) {
    handle(
        "resize",
        observer,
        () -> {
          replicas.replaceAll(
              (replica, info) ->
                  info.getVolumeId().equals(request.getVolumeId())
                      ? info.toBuilder().setSizeBytes(request.getSizeBytes()).build()
                      : info);
          return ResizeReply.getDefaultInstance();
        });
  }

  @Override
  public void openCoordinator(
      OpenCoordinatorRequest request, StreamObserver<OpenCoordinatorReply> observer) {
    handle("open", observer, OpenCoordinatorReply::getDefaultInstance);
  }

  @Override
  public void closeCoordinator(
      CloseCoordinatorRequest request, StreamObserver<CloseCoordinatorReply> observer) {
    handle("close", observer, CloseCoordinatorReply::getDefaultInstance);
  }

  @Override
  public void close() {
    beating = false;
    heart.shutdownNow();
    server.shutdownNow();
    if (controller != null) {
      controller.shutdownNow();
    }
  }
}
