package io.ashlar.node.agent;

import static io.ashlar.model.Invariants.require;

import io.ashlar.model.Attachment;
import io.ashlar.model.Blocks;
import io.ashlar.model.Compression;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.Version;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import java.util.Locale;
import java.util.Optional;

/** control/v1 messages as values and back, the node's side of it. */
final class ControlMapping {
  /** More than any volume has copies; a replica keeps the list in one page of its log. */
  private static final int IN_SYNC_MAX = 64;

  /** Block addresses have 40 bits. */
  private static final long SIZE_BYTES_MAX = (1L << 40) * Blocks.BLOCK_BYTES;

  private ControlMapping() {}

  static long size(long bytes) {
    require(bytes > 0 && bytes <= SIZE_BYTES_MAX, "a volume of %s bytes", bytes);
    return bytes;
  }

  static VolumeView view(io.ashlar.control.v1.VolumeView message) {
    return new VolumeView(
        new VolumeId(message.getVolumeId()),
        message.getRevision(),
        message.getSizeBytes(),
        message.getReplicas(),
        failureMode(message.getFailureMode()),
        compression(message.getCompression()),
        membership(message.getMembership()));
  }

  private static FailureMode failureMode(String text) {
    return text.matches("[0-9]")
        ? new FailureMode(FailureMode.Kind.TOLERATE, Integer.parseInt(text))
        : new FailureMode(FailureMode.Kind.valueOf(text.toUpperCase(Locale.ROOT)), 0);
  }

  /** One that is not known is refused: blocks of such a volume could not be read back. */
  private static Compression compression(String text) {
    if (text.isEmpty()) {
      return Compression.NONE;
    }
    Optional<Compression> known = Compression.of(text);
    require(known.isPresent(), "compression '%s' of a volume is not known here", text);
    return known.get();
  }

  private static Membership membership(io.ashlar.control.v1.Membership message) {
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

  private static CoordinatorRef coordinator(io.ashlar.control.v1.CoordinatorRef ref) {
    return new CoordinatorRef(new NodeId(ref.getNodeId()), ref.getStateDirId(), ref.getInstance());
  }

  static io.ashlar.control.v1.CoordinatorRef coordinator(CoordinatorRef ref) {
    return io.ashlar.control.v1.CoordinatorRef.newBuilder()
        .setNodeId(ref.node().value())
        .setStateDirId(ref.stateDirId())
        .setInstance(ref.instance())
        .build();
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

  static io.ashlar.control.v1.Membership membership(Membership membership) {
    var message =
        io.ashlar.control.v1.Membership.newBuilder()
            .setLineage(membership.lineage())
            .setEpoch(membership.epoch())
            .setGeneration(membership.generation())
            .setSettled(membership.settled());
    membership.coordinator().ifPresent(ref -> message.setCoordinator(coordinator(ref)));
    membership
        .attachment()
        .ifPresent(
            at ->
                message.getAttachmentBuilder().setNodeId(at.node().value()).setBootId(at.bootId()));
    for (Member member : membership.members()) {
      message
          .addMembersBuilder()
          .setReplica(member.replica())
          .setNodeId(member.node().value())
          .setPool(member.pool())
          .setIncarnation(member.incarnation())
          .setStateValue(member.state().code())
          .setLastInSync(member.lastInSync())
          .setJoinAttempt(member.joinAttempt());
    }
    return message.build();
  }

  static View view(io.ashlar.control.v1.View message) {
    require(
        message.getEpoch() >= 0 && message.getEpoch() < Version.EPOCH_MAX,
        "epoch %s of a view",
        message.getEpoch());
    require(
        message.getInSyncCount() <= IN_SYNC_MAX, "a view of %s replicas", message.getInSyncCount());
    return new View(
        message.getEpoch(), message.getInSyncList(), message.getLineage(), message.getGeneration());
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
