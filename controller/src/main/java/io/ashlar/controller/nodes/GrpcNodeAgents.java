package io.ashlar.controller.nodes;

import io.ashlar.control.v1.CloseCoordinatorRequest;
import io.ashlar.control.v1.CreateReplicaRequest;
import io.ashlar.control.v1.DeleteReplicaRequest;
import io.ashlar.control.v1.FenceReply;
import io.ashlar.control.v1.FenceRequest;
import io.ashlar.control.v1.ListReplicasRequest;
import io.ashlar.control.v1.NodeAgentGrpc;
import io.ashlar.control.v1.NodeAgentGrpc.NodeAgentBlockingStub;
import io.ashlar.control.v1.OpenCoordinatorRequest;
import io.ashlar.control.v1.ReplicaInfo;
import io.ashlar.control.v1.ResizeRequest;
import io.ashlar.controller.HostPort;
import io.ashlar.grpc.Channels;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsNames;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** {@link NodeAgents} over gRPC; one channel per node and address, a deadline on every call. */
public final class GrpcNodeAgents implements NodeAgents, AutoCloseable {
  /** Whom to reach, and where. */
  private record Target(NodeId node, String address) {}

  private final NodeDirectory nodes;
  private final Duration deadline;
  private final Optional<Tls> tls;
  private final Map<Target, ManagedChannel> channels = new ConcurrentHashMap<>();

  /**
   * @param tls none for plain text
   */
  public GrpcNodeAgents(NodeDirectory nodes, Duration deadline, Optional<Tls> tls) {
    this.nodes = nodes;
    this.deadline = deadline;
    this.tls = tls;
  }

  @Override
  public void createReplica(Member member, VolumeId volume, long sizeBytes, View view)
      throws AgentException {
    CreateReplicaRequest request =
        CreateReplicaRequest.newBuilder()
            .setVolumeId(volume.value())
            .setReplica(member.replica())
            .setIncarnation(member.incarnation())
            .setSizeBytes(sizeBytes)
            .setPool(member.pool())
            .setView(ControlMapping.view(view))
            .build();
    call(member.node(), "creating a replica", stub -> stub.createReplica(request));
  }

  @Override
  public void deleteReplica(NodeId node, VolumeId volume, long replica, long incarnation)
      throws AgentException {
    DeleteReplicaRequest request =
        DeleteReplicaRequest.newBuilder()
            .setVolumeId(volume.value())
            .setReplica(replica)
            .setIncarnation(incarnation)
            .build();
    call(node, "deleting a replica", stub -> stub.deleteReplica(request));
  }

  @Override
  public List<Replica> listReplicas(NodeId node) throws AgentException {
    ListReplicasRequest request = ListReplicasRequest.getDefaultInstance();
    return call(node, "listing replicas", stub -> stub.listReplicas(request))
        .getReplicasList()
        .stream()
        .map(GrpcNodeAgents::replica)
        .toList();
  }

  private static Replica replica(ReplicaInfo info) {
    return new Replica(
        new VolumeId(info.getVolumeId()),
        info.getReplica(),
        info.getIncarnation(),
        info.getPromisedEpoch(),
        info.getView().getLineage());
  }

  @Override
  public Promise fence(Member member, VolumeId volume, View view) throws AgentException {
    FenceRequest request =
        FenceRequest.newBuilder()
            .setVolumeId(volume.value())
            .setReplica(member.replica())
            .setIncarnation(member.incarnation())
            .setView(ControlMapping.view(view))
            .build();
    FenceReply reply = call(member.node(), "fencing", stub -> stub.fence(request));
    return new Promise(
        reply.getPromised(), Duration.ofMillis(reply.getPendingMillis()), reply.getPromisedEpoch());
  }

  @Override
  public void resize(NodeId node, VolumeId volume, long sizeBytes) throws AgentException {
    ResizeRequest request =
        ResizeRequest.newBuilder().setVolumeId(volume.value()).setSizeBytes(sizeBytes).build();
    call(node, "resizing", stub -> stub.resize(request));
  }

  @Override
  public void openCoordinator(NodeId node, VolumeId volume) throws AgentException {
    OpenCoordinatorRequest request =
        OpenCoordinatorRequest.newBuilder().setVolumeId(volume.value()).build();
    call(node, "opening a coordinator", stub -> stub.openCoordinator(request));
  }

  @Override
  public void closeCoordinator(NodeId node, VolumeId volume) throws AgentException {
    CloseCoordinatorRequest request =
        CloseCoordinatorRequest.newBuilder().setVolumeId(volume.value()).build();
    call(node, "closing a coordinator", stub -> stub.closeCoordinator(request));
  }

  private <R> R call(NodeId node, String what, Function<NodeAgentBlockingStub, R> rpc)
      throws AgentException {
    NodeStatus status =
        nodes
            .find(node)
            .orElseThrow(
                () ->
                    new AgentException(
                        AgentException.Kind.UNREACHABLE,
                        node,
                        what,
                        "the node has never registered",
                        null));
    ManagedChannel channel =
        channels.computeIfAbsent(new Target(node, status.record().agentAddress()), this::connect);
    try {
      return rpc.apply(
          NodeAgentGrpc.newBlockingStub(channel)
              .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException refused) {
      throw AgentStatus.failure(node, what, refused);
    }
  }

  private ManagedChannel connect(Target target) {
    HostPort address = HostPort.parse(target.address);
    return Channels.to(address.host(), address.port(), tls, TlsNames.node(target.node.value()));
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
