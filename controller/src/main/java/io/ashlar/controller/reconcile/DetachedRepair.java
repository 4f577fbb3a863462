package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.env.Clock;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.VolumeId;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Brings the members of a detached volume in sync: has a node that holds an in-sync member open a
 * coordinator without a front-end, and close it when all are. Not at once after a detach: the
 * volume is probably on its way to another node, which would have to wait for this coordinator's
 * leases.
 */
final class DetachedRepair {
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

  private final Cluster cluster;
  private final Clock clock;
  private final Duration delay;
  private final Map<VolumeId, Long> detachedSinceNanos = new ConcurrentHashMap<>();

  DetachedRepair(Cluster cluster, Clock clock, Duration delay) {
    this.cluster = cluster;
    this.clock = clock;
    this.delay = delay;
  }

  /** Whether there is something to do for this volume, now or after the delay. */
  boolean wanted(VolumeRecord record) {
    boolean detached = record.visible() && record.membership().attachment().isEmpty();
    if (!detached || record.operations().fencing().isPresent()) {
      detachedSinceNanos.remove(record.id());
      return false;
    }
    detachedSinceNanos.putIfAbsent(record.id(), clock.nanos());
    return repairable(record.membership()) || record.membership().coordinator().isPresent();
  }

  private boolean repairable(Membership membership) {
    return membership.members().stream()
        .anyMatch(
            member ->
                !member.inSync()
                    && member.state() != ReplicaState.FAILED
                    && cluster.nodes().isReachable(member.node()));
  }

  Step step(VolumeRecord record) {
    long sinceNanos = detachedSinceNanos.getOrDefault(record.id(), clock.nanos());
    Duration left = delay.minusNanos(clock.nanos() - sinceNanos);
    if (left.isPositive()) {
      return Step.after(left, "detached a moment ago");
    }
    try {
      if (!repairable(record.membership())) {
        close(record);
        return Step.after(LOOK_AGAIN, "closing the coordinator that brought members in sync");
      }
      return open(record);
    } catch (AgentException failed) {
      return Step.after(LOOK_AGAIN, "%s", failed.getMessage());
    }
  }

  private Step open(VolumeRecord record) throws AgentException {
    Optional<NodeId> where = coordinatorNode(record.membership());
    if (where.isEmpty()) {
      return Step.after(LOOK_AGAIN, "no in-sync member can be reached");
    }
    cluster.agents().openCoordinator(where.get(), record.id());
    return Step.after(LOOK_AGAIN, "members are being brought in sync on %s", where.get());
  }

  /** Where one is recorded already, else where an in-sync copy is. */
  private Optional<NodeId> coordinatorNode(Membership membership) {
    Optional<NodeId> recorded =
        membership.coordinator().map(CoordinatorRef::node).filter(cluster.nodes()::isReachable);
    return recorded.isPresent()
        ? recorded
        : membership.members().stream()
            .filter(Member::inSync)
            .map(Member::node)
            .filter(cluster.nodes()::isReachable)
            .findFirst();
  }

  private void close(VolumeRecord record) throws AgentException {
    Optional<NodeId> node =
        record
            .membership()
            .coordinator()
            .map(CoordinatorRef::node)
            .filter(cluster.nodes()::isReachable);
    if (node.isPresent()) {
      cluster.agents().closeCoordinator(node.get(), record.id());
    }
  }
}
