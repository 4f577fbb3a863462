package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.model.Attachment;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import java.time.Duration;
import java.util.Optional;

/**
 * Tells the coordinator of an attached volume to read its record again for as long as a member that
 * can be reached is not in sync. The coordinator brings members in sync by itself, but it never
 * looks at the record without a reason, so it would not learn of a copy that was added or replaced.
 * Asked of the agent as an opening, which is no more than this hint where one is open.
 */
final class AttachedRepair {
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  private final Cluster cluster;

  AttachedRepair(Cluster cluster) {
    this.cluster = cluster;
  }

  boolean wanted(VolumeRecord record) {
    return record.operations().fencing().isEmpty()
        && coordinatorNode(record.membership()).isPresent()
        && record.membership().members().stream().anyMatch(this::waits);
  }

  private boolean waits(Member member) {
    return !member.inSync()
        && member.state() != ReplicaState.FAILED
        && cluster.nodes().isReachable(member.node());
  }

  /** The node where the volume is attached, if its coordinator runs there and can be told. */
  private Optional<NodeId> coordinatorNode(Membership membership) {
    Optional<NodeId> attached = membership.attachment().map(Attachment::node);
    return membership
        .coordinator()
        .map(CoordinatorRef::node)
        .filter(node -> attached.equals(Optional.of(node)) && cluster.nodes().isReachable(node));
  }

  Step step(VolumeRecord record) {
    NodeId node = coordinatorNode(record.membership()).orElseThrow();
    try {
      cluster.agents().openCoordinator(node, record.id());
      return Step.after(LOOK_AGAIN, "members are being brought in sync on %s", node);
    } catch (AgentException failed) {
      return Step.after(LOOK_AGAIN, "%s", failed.getMessage());
    }
  }
}
