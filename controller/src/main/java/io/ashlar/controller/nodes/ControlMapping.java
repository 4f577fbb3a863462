package io.ashlar.controller.nodes;

import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.controller.HostPort;
import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.state.PoolState;
import io.ashlar.controller.state.Publication;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Attachment;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.View;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * control/v1 messages as values and back. Values from outside are refused by the values themselves.
 */
final class ControlMapping {
  private ControlMapping() {}

  static NodeRecord node(RegisterRequest request) {
    return new NodeRecord(
        new NodeId(request.getNodeId()),
        request.getStateDirId(),
        request.getInstance(),
        request.getBootId(),
        new TreeMap<>(request.getTopologyMap()),
        pools(request.getPoolsList()),
        HostPort.parse(request.getAgentAddress()).toString(),
        HostPort.parse(request.getReplicationAddress()).toString(),
        request.getMaxVolumes(),
        request.getVersion());
  }

  static List<PoolState> pools(List<Pool> pools) {
    return pools.stream()
        .map(
            pool ->
                new PoolState(
                    pool.getName(), pool.getTotalBytes(), pool.getFreeBytes(), pool.getFailed()))
        .toList();
  }

  static CoordinatorRef coordinator(io.ashlar.control.v1.CoordinatorRef ref) {
    return new CoordinatorRef(new NodeId(ref.getNodeId()), ref.getStateDirId(), ref.getInstance());
  }

  static Membership membership(io.ashlar.control.v1.Membership message) {
    return new Membership(
        message.getLineage(),
        message.getEpoch(),
        message.hasCoordinator()
            ? Optional.of(coordinator(message.getCoordinator()))
            : Optional.empty(),
        message.hasAttachment()
            ? Optional.of(
                new Attachment(
                    new NodeId(message.getAttachment().getNodeId()),
                    message.getAttachment().getBootId()))
            : Optional.empty(),
        message.getGeneration(),
        message.getSettled(),
        message.getMembersList().stream().map(ControlMapping::member).toList());
  }

  private static Member member(io.ashlar.control.v1.Member message) {
    return new Member(
        message.getReplica(),
        new NodeId(message.getNodeId()),
        message.getPool(),
        message.getIncarnation(),
        ReplicaState.ofCode(message.getState().getNumber()),
        message.getLastInSync(),
        message.getJoinAttempt());
  }

  /** The view of a record; {@code address} gives a node's replication address, "" if unknown. */
  static VolumeView volume(Versioned<VolumeRecord> volume, Function<NodeId, String> address) {
    VolumeRecord record = volume.value();
    return VolumeView.newBuilder()
        .setVolumeId(record.id().value())
        .setRevision(volume.revision())
        .setSizeBytes(record.spec().sizeBytes())
        .setReplicas(record.spec().replicas())
        .setFailureMode(record.spec().failureMode().text())
        .setMembership(membership(record.membership(), address))
        .setFormat(FormatState.valueOf(record.format().name()))
        .setFsType(record.fsType())
        .setReadOnly(record.publication().map(Publication::readOnly).orElse(false))
        .setCompression(record.spec().compression().text())
        .build();
  }

  private static io.ashlar.control.v1.Membership membership(
      Membership membership, Function<NodeId, String> address) {
    io.ashlar.control.v1.Membership.Builder message =
        io.ashlar.control.v1.Membership.newBuilder()
            .setLineage(membership.lineage())
            .setEpoch(membership.epoch())
            .setGeneration(membership.generation())
            .setSettled(membership.settled());
    membership
        .coordinator()
        .ifPresent(
            ref ->
                message
                    .getCoordinatorBuilder()
                    .setNodeId(ref.node().value())
                    .setStateDirId(ref.stateDirId())
                    .setInstance(ref.instance()));
    membership
        .attachment()
        .ifPresent(
            at ->
                message.getAttachmentBuilder().setNodeId(at.node().value()).setBootId(at.bootId()));
    membership.members().forEach(member -> message.addMembers(member(member, address)));
    return message.build();
  }

  private static io.ashlar.control.v1.Member member(
      Member member, Function<NodeId, String> address) {
    return io.ashlar.control.v1.Member.newBuilder()
        .setReplica(member.replica())
        .setNodeId(member.node().value())
        .setPool(member.pool())
        .setIncarnation(member.incarnation())
        .setState(io.ashlar.control.v1.ReplicaState.forNumber(member.state().code()))
        .setLastInSync(member.lastInSync())
        .setJoinAttempt(member.joinAttempt())
        .setReplicationAddress(address.apply(member.node()))
        .build();
  }

  static io.ashlar.control.v1.View view(View view) {
    return io.ashlar.control.v1.View.newBuilder()
        .setEpoch(view.epoch())
        .addAllInSync(view.inSync())
        .setLineage(view.lineage())
        .setGeneration(view.generation())
        .build();
  }
}
