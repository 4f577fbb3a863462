package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import java.util.Optional;

/** DeleteVolume: what is not there is deleted. */
final class VolumeDeletion {
  private final VolumeWork work;

  VolumeDeletion(VolumeWork work) {
    this.work = work;
  }

  void delete(String volumeId) {
    Requests.requireVolumeId(volumeId);
    Optional<Versioned<VolumeRecord>> found = work.find(volumeId);
    if (found.isEmpty()) {
      return;
    }
    CallDeadline deadline = work.deadline();
    String key = found.get().key();
    awaitFence(key, volumeId, deadline);
    var _ =
        work.cluster()
            .volumes()
            .update(
                key, record -> record.id().value().equals(volumeId) ? deleting(record) : record);
    var _ =
        work.await(
            key,
            "deletion of volume " + volumeId,
            deadline,
            record -> record.filter(old -> old.id().value().equals(volumeId)).isEmpty());
  }

  private void awaitFence(String key, String volumeId, CallDeadline deadline) {
    var _ =
        work.await(
            key,
            "fencing of volume " + volumeId,
            deadline,
            record -> record.filter(old -> old.operations().fencing().isPresent()).isEmpty());
  }

  private static VolumeRecord deleting(VolumeRecord record) {
    if (record.operations().deleting().isPresent()) {
      return record;
    }
    record
        .membership()
        .attachment()
        .ifPresent(
            at -> {
              throw new RefusedException(
                  Kind.WRONG_STATE,
                  "volume %s is published on node %s: unpublish it first",
                  record.id(),
                  at.node());
            });
    return record.deleting("");
  }
}
