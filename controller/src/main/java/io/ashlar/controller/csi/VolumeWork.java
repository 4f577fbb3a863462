package io.ashlar.controller.csi;

import io.ashlar.controller.reconcile.Attention;
import io.ashlar.controller.reconcile.Cluster;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;

/** What handlers share: finding volumes, having work done, waiting for it. */
public record VolumeWork(
    Cluster cluster,
    Attention attention,
    VolumeWaits waits,
    ClaimLabels claims,
    Duration longestWait) {

  CallDeadline deadline() {
    return CallDeadline.ofCall(longestWait);
  }

  /** The volume with this id; none for ids that never were ours. */
  Optional<Versioned<VolumeRecord>> find(String volumeId) {
    return VolumeKeys.ofId(volumeId)
        .flatMap(cluster.volumes()::get)
        .filter(found -> found.value().id().value().equals(volumeId));
  }

  /** A volume that users see; one in deletion is not there any more. */
  Versioned<VolumeRecord> require(String volumeId) {
    Versioned<VolumeRecord> found =
        find(volumeId)
            .filter(volume -> volume.value().operations().deleting().isEmpty())
            .orElseThrow(() -> gone(volumeId));
    if (!found.value().visible()) {
      throw new RefusedException(Kind.IN_PROGRESS, "volume %s is still being created", volumeId);
    }
    return found;
  }

  static RefusedException gone(String volumeId) {
    return new RefusedException(Kind.NOT_FOUND, "volume '%s' does not exist", volumeId);
  }

  /**
   * Kicks and waits.
   *
   * @throws RefusedException IN_PROGRESS, saying what is waited for, if time is over first
   */
  Optional<VolumeRecord> await(
      String key, String what, CallDeadline deadline, Predicate<Optional<VolumeRecord>> wanted) {
    attention.kick(key);
    Optional<VolumeRecord> now = waits.until(key, deadline, wanted);
    if (!wanted.test(now)) {
      throw new RefusedException(
          Kind.IN_PROGRESS, "%s goes on; repeat the call to join it%s", what, problem(key));
    }
    return now;
  }

  String problem(String key) {
    return attention.problem(key).map(problem -> ": " + problem).orElse("");
  }
}
