package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.placement.PlacementRequest;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.env.Clock;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives up a copy that is lost: not in sync, and its node silent for a grace time, because a node
 * that returns is cheaper than a new copy. There is no grace when the volume's failure mode holds
 * writes. The copy is given up only if another node can take one now; the missing copy is then
 * added like any other.
 */
final class CopyReplacement {
  private static final Logger log = LoggerFactory.getLogger(CopyReplacement.class);

  private final Cluster cluster;
  private final Clock clock;
  private final Duration grace;
  private final Map<Long, Long> lostSinceNanos = new ConcurrentHashMap<>();

  CopyReplacement(Cluster cluster, Clock clock, Duration grace) {
    this.cluster = cluster;
    this.clock = clock;
    this.grace = grace;
  }

  /** A member to be given up now, if there is one. */
  Optional<Member> wanted(VolumeRecord record) {
    if (!record.visible() || record.copiesMissing() > 0) {
      return Optional.empty();
    }
    return record.membership().members().stream()
        .filter(member -> isLost(record, member))
        .findFirst();
  }

  private boolean isLost(VolumeRecord record, Member member) {
    if (member.inSync() || cluster.nodes().isReachable(member.node())) {
      lostSinceNanos.remove(member.replica());
      return false;
    }
    long since = lostSinceNanos.computeIfAbsent(member.replica(), first -> clock.nanos());
    return holdsWrites(record) || clock.nanos() - since >= grace.toNanos();
  }

  private static boolean holdsWrites(VolumeRecord record) {
    return record.membership().inSync().size()
        < record.spec().failureMode().copiesToWrite(record.spec().replicas());
  }

  /**
   * A member that is not in sync and whose node, when asked, does not have it: the disk was lost or
   * replaced. There is nothing to wait for and nothing to keep. A member is named in the record
   * only when its replica exists, so what is not there now was there once. Asks nodes.
   */
  Optional<Member> gone(VolumeRecord record) {
    return record.membership().members().stream()
        .filter(member -> !member.inSync() && cluster.nodes().isReachable(member.node()))
        .filter(member -> isGone(record, member))
        .findFirst();
  }

  private boolean isGone(VolumeRecord record, Member member) {
    try {
      return cluster.agents().listReplicas(member.node()).stream()
          .noneMatch(
              replica ->
                  replica.volume().equals(record.id())
                      && replica.incarnation() == member.incarnation());
    } catch (AgentException unknown) {
      return false;
    }
  }

  /** Takes it out of the record, so that a copy is added where there is room, perhaps there. */
  Step forget(Versioned<VolumeRecord> volume, Member gone) {
    VolumeRecord record = volume.value();
    if (cluster.volumes().swap(volume, record.without(gone.replica())).isPresent()) {
      log.warn(
          "copy is gone from its node's disk, another one is made volume={} node={}",
          record.id(),
          gone.node());
    }
    return Step.AGAIN;
  }

  Step step(Versioned<VolumeRecord> volume, Member lost) {
    VolumeRecord record = volume.value();
    Set<NodeId> holders = record.replicas().stream().map(Member::node).collect(Collectors.toSet());
    boolean possible =
        !cluster
            .plan(new PlacementRequest(1, record.spec().sizeBytes(), holders, Set.of(), List.of()))
            .chosen()
            .isEmpty();
    if (!possible) {
      return Step.DONE;
    }
    cluster.bury(record.id(), lost);
    if (cluster.volumes().swap(volume, record.without(lost.replica())).isPresent()) {
      log.warn("lost copy given up volume={} node={}", record.id(), lost.node());
      lostSinceNanos.remove(lost.replica());
    }
    return Step.AGAIN;
  }
}
