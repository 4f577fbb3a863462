package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.placement.PlacementRequest;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.NodeId;
import io.ashlar.model.View;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a degraded volume its missing copy when a node can take it. The record notes the replica
 * before it is made and names it a member, EMPTY, when it exists; the coordinator then brings it in
 * sync.
 */
final class CopyAddition {
  private static final Logger log = LoggerFactory.getLogger(CopyAddition.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final Cluster cluster;

  CopyAddition(Cluster cluster) {
    this.cluster = cluster;
  }

  /** A node is chosen and noted, if there is one; the sweep asks again otherwise. */
  Step begin(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    Set<NodeId> holders = record.replicas().stream().map(Member::node).collect(Collectors.toSet());
    List<Placement.Chosen> chosen =
        cluster
            .plan(new PlacementRequest(1, record.spec().sizeBytes(), holders, Set.of(), List.of()))
            .chosen();
    if (chosen.isEmpty()) {
      return Step.DONE;
    }
    Member member = cluster.newMember(chosen.getFirst());
    cluster.volumes().swap(volume, record.adding(member));
    return Step.AGAIN;
  }

  Step finish(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    Member member = record.operations().adding().orElseThrow().member();
    try {
      cluster
          .agents()
          .createReplica(
              member, record.id(), record.spec().sizeBytes(), viewAtBirth(record.membership()));
    } catch (AgentException failed) {
      return failed(volume, member, failed);
    }
    if (cluster.volumes().swap(volume, record.added()).isPresent()) {
      log.info("copy added volume={} node={}", record.id(), member.node());
    }
    return Step.AGAIN;
  }

  /**
   * One epoch below the present one. A coordinator may be serving in that, and a replica that was
   * born with its promise, given to nobody, would refuse this coordinator's SEAL for ever.
   */
  private static View viewAtBirth(Membership membership) {
    View now = MembershipRules.view(membership);
    int epoch = Math.max(0, now.epoch() - 1);
    return new View(epoch, now.inSync(), now.lineage(), now.generation());
  }

  private Step failed(Versioned<VolumeRecord> volume, Member member, AgentException failed) {
    if (failed.kind() == AgentException.Kind.REFUSED
        || !cluster.nodes().isReachable(member.node())) {
      cluster.bury(volume.value().id(), member);
      cluster.volumes().swap(volume, volume.value().notAdding());
    }
    return Step.after(RETRY, "%s", failed.getMessage());
  }
}
