package io.ashlar.controller.csi;

import io.ashlar.controller.state.Operations.Expanding;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.csi.v1.ControllerExpandVolumeRequest;
import io.ashlar.model.Member;
import java.util.List;
import java.util.Optional;

/** ControllerExpandVolume, while published or not. */
final class VolumeExpansion {
  private final VolumeWork work;

  VolumeExpansion(VolumeWork work) {
    this.work = work;
  }

  /** The size that the volume has now. */
  long expand(ControllerExpandVolumeRequest request) {
    Requests.requireVolumeId(request.getVolumeId());
    if (!request.hasCapacityRange()) {
      throw Requests.invalid("capacity_range is required");
    }
    if (request.hasVolumeCapability()) {
      var _ = Uses.require(request.getVolumeCapability());
    }
    String volumeId = request.getVolumeId();
    Versioned<VolumeRecord> volume = work.require(volumeId);
    CallDeadline deadline = work.deadline();
    long wanted = Sizes.forExpansion(request.getCapacityRange(), size(volume.value()));
    requireRoom(volume.value(), wanted - size(volume.value()));
    Versioned<VolumeRecord> grown =
        work.cluster()
            .volumes()
            .update(
                volume.key(),
                now ->
                    now.id().value().equals(volumeId) && wanted > size(now)
                        ? now.expanding(wanted)
                        : now)
            .orElseThrow(() -> VolumeWork.gone(volumeId));
    Optional<VolumeRecord> done =
        work.await(
            grown.key(),
            "expansion of volume " + volumeId,
            deadline,
            record -> record.filter(this::isPending).isEmpty());
    return done.map(VolumeExpansion::size).orElseThrow(() -> VolumeWork.gone(volumeId));
  }

  private static long size(VolumeRecord record) {
    return record.spec().sizeBytes();
  }

  /** Over-provisioning holds for growth too. */
  private void requireRoom(VolumeRecord record, long moreBytes) {
    List<String> full =
        Capacity.nodesWithout(work.cluster(), record, moreBytes).stream()
            .map(Object::toString)
            .toList();
    if (moreBytes > 0 && !full.isEmpty()) {
      throw new RefusedException(
          Kind.SIZE,
          "volume %s cannot grow by %d bytes: too little may be provisioned on %s",
          record.id(),
          moreBytes,
          String.join(", ", full));
    }
  }

  /** While attached every copy that counts has to know; detached, those that can be told now. */
  private boolean isPending(VolumeRecord record) {
    List<Long> left = record.operations().expanding().map(Expanding::replicas).orElse(List.of());
    boolean attached = record.membership().attachment().isPresent();
    return record.membership().members().stream()
        .filter(member -> left.contains(member.replica()))
        .anyMatch(member -> member.inSync() && (attached || isReachable(member)));
  }

  private boolean isReachable(Member member) {
    return work.cluster().nodes().isReachable(member.node());
  }
}
