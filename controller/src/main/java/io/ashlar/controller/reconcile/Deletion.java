package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.Grave;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes a volume: graves for all replicas, then the replicas that can be reached, then the
 * record. What cannot be reached stays in its grave until its node is back.
 */
final class Deletion {
  private static final Logger log = LoggerFactory.getLogger(Deletion.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final Cluster cluster;

  Deletion(Cluster cluster) {
    this.cluster = cluster;
  }

  Step step(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    record.membership().coordinator().ifPresent(coordinator -> close(record, coordinator));
    record.replicas().forEach(member -> cluster.bury(record.id(), member));
    Map<Member, Optional<AgentException>> outcomes =
        Fanout.toAll(
            reachable(record),
            member ->
                cluster
                    .agents()
                    .deleteReplica(
                        member.node(), record.id(), member.replica(), member.incarnation()));
    for (Map.Entry<Member, Optional<AgentException>> outcome : outcomes.entrySet()) {
      if (outcome.getValue().isEmpty()) {
        unbury(record, outcome.getKey());
      } else if (outcome.getValue().get().kind() == AgentException.Kind.FAILED) {
        return Step.after(RETRY, "%s", outcome.getValue().get().getMessage());
      }
    }
    if (cluster.volumes().delete(volume)) {
      log.info("volume deleted volume={} name={}", record.id(), record.spec().name());
    }
    return Step.AGAIN;
  }

  private List<Member> reachable(VolumeRecord record) {
    return record.replicas().stream()
        .filter(member -> cluster.nodes().isReachable(member.node()))
        .toList();
  }

  /** Kindness only: the record refuses the coordinator from now on anyway. */
  private void close(VolumeRecord record, CoordinatorRef coordinator) {
    if (!cluster.nodes().isReachable(coordinator.node())) {
      return;
    }
    try {
      cluster.agents().closeCoordinator(coordinator.node(), record.id());
    } catch (AgentException failed) {
      log.info("coordinator not closed volume={} error={}", record.id(), failed.getMessage());
    }
  }

  private void unbury(VolumeRecord record, Member member) {
    Grave grave = new Grave(record.id(), member.replica(), member.incarnation(), member.node());
    cluster.graves().get(grave.key()).ifPresent(cluster.graves()::delete);
  }
}
