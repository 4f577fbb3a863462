package io.ashlar.node.agent;

import io.ashlar.control.v1.CloseCoordinatorReply;
import io.ashlar.control.v1.CloseCoordinatorRequest;
import io.ashlar.control.v1.CreateReplicaReply;
import io.ashlar.control.v1.CreateReplicaRequest;
import io.ashlar.control.v1.DeleteReplicaReply;
import io.ashlar.control.v1.DeleteReplicaRequest;
import io.ashlar.control.v1.FenceReply;
import io.ashlar.control.v1.FenceRequest;
import io.ashlar.control.v1.ListReplicasReply;
import io.ashlar.control.v1.ListReplicasRequest;
import io.ashlar.control.v1.NodeAgentGrpc;
import io.ashlar.control.v1.OpenCoordinatorReply;
import io.ashlar.control.v1.OpenCoordinatorRequest;
import io.ashlar.control.v1.ReplicaInfo;
import io.ashlar.control.v1.ResizeReply;
import io.ashlar.control.v1.ResizeRequest;
import io.ashlar.control.v1.ResyncProgress;
import io.ashlar.control.v1.VolumeStatusReply;
import io.ashlar.control.v1.VolumeStatusRequest;
import io.ashlar.model.Blocks;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.Coordinators;
import io.ashlar.protocol.CoordinatorMachine.Progress;
import io.ashlar.protocol.ReplicaMachine;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.store.ReplicaStore;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Fenced;
import io.ashlar.wire.Message.Pending;
import io.ashlar.wire.Message.Sealed;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

/**
 * What the controller asks of a node. gRPC threads hand every call to the data loop and it answers
 * there.
 */
public final class NodeAgentService extends NodeAgentGrpc.NodeAgentImplBase {
  private static final long EXTENT_BYTES = (long) Blocks.EXTENT_BLOCKS * Blocks.BLOCK_BYTES;

  private final Executor loop;
  private final ReplicaHost replicas;
  private final Coordinators coordinators;
  private final BiConsumer<VolumeId, Long> resized;
  private final LongSupplier nanos;

  /**
   * @param resized told on the loop when a volume has a new size, for its device
   */
  public NodeAgentService(
      Executor loop,
      ReplicaHost replicas,
      Coordinators coordinators,
      BiConsumer<VolumeId, Long> resized,
      LongSupplier nanos) {
    this.loop = loop;
    this.replicas = replicas;
    this.coordinators = coordinators;
    this.resized = resized;
    this.nanos = nanos;
  }

  private static <T> void answer(StreamObserver<T> observer, T reply) {
    observer.onNext(reply);
    observer.onCompleted();
  }

  /**
   * Runs on the loop; a bad value in the request is the caller's, anything else ends the call as
   * internal.
   */
  private void onLoop(StreamObserver<?> observer, Runnable task) {
    loop.execute(
        () -> {
          try {
            task.run();
          } catch (IllegalArgumentException e) {
            observer.onError(Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asException());
          }
        });
  }

  @Override
  public void createReplica(
      CreateReplicaRequest request, StreamObserver<CreateReplicaReply> observer) {
    onLoop(
        observer,
        () -> {
          ReplicaMeta meta =
              ReplicaMeta.created(
                  new VolumeId(request.getVolumeId()),
                  request.getReplica(),
                  request.getIncarnation(),
                  ControlMapping.size(request.getSizeBytes()),
                  ControlMapping.view(request.getView()));
          replicas.create(
              meta, error -> finish(observer, error, CreateReplicaReply.getDefaultInstance()));
        });
  }

  private static <T> void finish(StreamObserver<T> observer, Optional<String> error, T reply) {
    if (error.isPresent()) {
      observer.onError(Status.RESOURCE_EXHAUSTED.withDescription(error.get()).asException());
    } else {
      answer(observer, reply);
    }
  }

  @Override
  public void deleteReplica(
      DeleteReplicaRequest request, StreamObserver<DeleteReplicaReply> observer) {
    onLoop(
        observer,
        () ->
            replicas.delete(
                new VolumeId(request.getVolumeId()),
                request.getIncarnation(),
                error -> finish(observer, error, DeleteReplicaReply.getDefaultInstance())));
  }

  @Override
  public void listReplicas(
      ListReplicasRequest request, StreamObserver<ListReplicasReply> observer) {
    onLoop(
        observer,
        () -> {
          ListReplicasReply.Builder reply = ListReplicasReply.newBuilder();
          for (ReplicaMachine machine : replicas.all()) {
            reply.addReplicas(info(machine));
          }
          answer(observer, reply.build());
        });
  }

  private ReplicaInfo info(ReplicaMachine machine) {
    ReplicaMeta meta = machine.meta();
    Optional<? extends ReplicaStore> store = replicas.engine().replica(meta.volume());
    long mapped = store.map(ReplicaStore::mappedBlocks).orElse(0L);
    return ReplicaInfo.newBuilder()
        .setVolumeId(meta.volume().value())
        .setReplica(meta.replica())
        .setIncarnation(meta.incarnation())
        .setPromisedEpoch(machine.promise())
        .setView(ControlMapping.view(meta.promise().view()))
        .setIncomplete(!machine.whole())
        .setClean(machine.clean())
        .setMappedBytes(mapped * Blocks.BLOCK_BYTES)
        .setStoredBytes(store.map(ReplicaStore::storedBytes).orElse(0L))
        .setSizeBytes(meta.sizeBytes())
        .build();
  }

  @Override
  public void fence(FenceRequest request, StreamObserver<FenceReply> observer) {
    onLoop(
        observer,
        () ->
            replicas.fence(
                new VolumeId(request.getVolumeId()),
                request.getReplica(),
                request.getIncarnation(),
                ControlMapping.view(request.getView()),
                message -> fenced(message, observer)));
  }

  private static void fenced(Message message, StreamObserver<FenceReply> observer) {
    switch (message) {
      case Sealed sealed ->
          answer(
              observer,
              FenceReply.newBuilder().setPromised(true).setPromisedEpoch(sealed.epoch()).build());
      case Pending pending ->
          answer(
              observer,
              FenceReply.newBuilder()
                  .setPendingMillis(1 + pending.afterNanos() / 1_000_000)
                  .build());
      case Fenced higher ->
          answer(observer, FenceReply.newBuilder().setPromisedEpoch(higher.promise()).build());
      case Message.Refused refused ->
          observer.onError(
              Status.FAILED_PRECONDITION.withDescription(refused.reason()).asException());
      default ->
          observer.onError(Status.INTERNAL.withDescription("unexpected answer").asException());
    }
  }

  @Override
  public void resize(ResizeRequest request, StreamObserver<ResizeReply> observer) {
    onLoop(
        observer,
        () -> {
          VolumeId volume = new VolumeId(request.getVolumeId());
          long sizeBytes = ControlMapping.size(request.getSizeBytes());
          replicas.resize(
              volume,
              sizeBytes,
              () -> {
                coordinators.find(volume).ifPresent(VolumeCoordinator::recordMayHaveChanged);
                resized.accept(volume, sizeBytes);
                answer(observer, ResizeReply.getDefaultInstance());
              });
        });
  }

  @Override
  public void openCoordinator(
      OpenCoordinatorRequest request, StreamObserver<OpenCoordinatorReply> observer) {
    onLoop(
        observer,
        () -> {
          coordinators.openForRepair(new VolumeId(request.getVolumeId()));
          answer(observer, OpenCoordinatorReply.getDefaultInstance());
        });
  }

  @Override
  public void closeCoordinator(
      CloseCoordinatorRequest request, StreamObserver<CloseCoordinatorReply> observer) {
    onLoop(
        observer,
        () -> {
          coordinators.closeRepair(new VolumeId(request.getVolumeId()));
          answer(observer, CloseCoordinatorReply.getDefaultInstance());
        });
  }

  @Override
  public void volumeStatus(
      VolumeStatusRequest request, StreamObserver<VolumeStatusReply> observer) {
    onLoop(
        observer,
        () -> {
          VolumeStatusReply.Builder reply = VolumeStatusReply.newBuilder();
          coordinators
              .find(new VolumeId(request.getVolumeId()))
              .ifPresent(
                  it -> {
                    reply.setCoordinatorHere(true).setState(it.state().name());
                    reply.setMessage(it.machine().waitingFor());
                    it.machine().progress().ifPresent(at -> reply.addResyncs(progress(at)));
                  });
          answer(observer, reply.build());
        });
  }

  private ResyncProgress progress(Progress at) {
    long seconds = Math.max(1, (nanos.getAsLong() - at.startedAt()) / 1_000_000_000L);
    long rate = at.extentsDone() * EXTENT_BYTES / seconds;
    long left = at.extentsLeft() * EXTENT_BYTES;
    return ResyncProgress.newBuilder()
        .setReplica(at.replica())
        .setDoneBytes(at.extentsDone() * EXTENT_BYTES)
        .setLeftBytes(left)
        .setBytesPerSecond(rate)
        .setSecondsLeft(rate == 0 ? 0 : left / rate)
        .build();
  }
}
