package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.placement.PlacementRequest;
import io.ashlar.controller.state.Operations.Creating;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Member;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.NodeId;
import io.ashlar.model.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the replicas of a new volume. A node that cannot is replaced by another one; if there is
 * none, the volume is made degraded if its failure mode can still write, else it is undone.
 */
final class Creation {
  private static final Logger log = LoggerFactory.getLogger(Creation.class);
  private static final Duration RETRY = Duration.ofMillis(300);

  /** Failures of a node that answers, before another one is taken. */
  private static final int TRIES_MAX = 5;

  private final Cluster cluster;
  private final Map<Long, Integer> tries = new ConcurrentHashMap<>();

  Creation(Cluster cluster) {
    this.cluster = cluster;
  }

  Step step(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    View born = MembershipRules.view(MembershipRules.created(record.membership()));
    Map<Member, Optional<AgentException>> outcomes =
        Fanout.toAll(
            record.membership().members(),
            member ->
                cluster
                    .agents()
                    .createReplica(member, record.id(), record.spec().sizeBytes(), born));
    for (Map.Entry<Member, Optional<AgentException>> outcome : outcomes.entrySet()) {
      if (outcome.getValue().isPresent()) {
        return failed(volume, outcome.getKey(), outcome.getValue().get());
      }
    }
    cluster.volumes().swap(volume, record.created());
    record.membership().members().forEach(member -> tries.remove(member.replica()));
    return Step.AGAIN;
  }

  private Step failed(Versioned<VolumeRecord> volume, Member member, AgentException failure) {
    boolean hopeless =
        failure.kind() == AgentException.Kind.REFUSED
            || !cluster.nodes().isReachable(member.node())
            || tries.merge(member.replica(), 1, Integer::sum) >= TRIES_MAX;
    if (!hopeless) {
      return Step.after(RETRY, "%s", failure.getMessage());
    }
    log.warn(
        "replica not made, placing it elsewhere volume={} node={} error={}",
        volume.value().id(),
        member.node(),
        failure.getMessage());
    tries.remove(member.replica());
    replace(volume, member, failure);
    return Step.AGAIN;
  }

  /** The grave comes first: if we die in between, the replica is still known. */
  private void replace(Versioned<VolumeRecord> volume, Member member, AgentException failure) {
    VolumeRecord record = volume.value();
    cluster.bury(record.id(), member);
    List<Member> rest =
        new ArrayList<>(
            record.membership().members().stream().filter(each -> !each.equals(member)).toList());
    Placement.Plan plan = cluster.plan(request(record, member, rest));
    plan.chosen().forEach(chosen -> rest.add(cluster.newMember(chosen)));
    VolumeRecord next =
        rest.size() >= record.spec().failureMode().copiesToWrite(record.spec().replicas())
            ? record.replanned(member.node(), rest)
            : record.deleting(
                "%s; no other node can take the copy: %s"
                    .formatted(failure.getMessage(), plan.reasons()));
    cluster.volumes().swap(volume, next);
  }

  private static PlacementRequest request(VolumeRecord record, Member member, List<Member> rest) {
    Set<NodeId> excluded =
        new HashSet<>(record.operations().creating().map(Creating::excluded).orElseThrow());
    excluded.add(member.node());
    Set<NodeId> holders = new HashSet<>();
    rest.forEach(each -> holders.add(each.node()));
    return new PlacementRequest(1, record.spec().sizeBytes(), holders, excluded, List.of());
  }
}
