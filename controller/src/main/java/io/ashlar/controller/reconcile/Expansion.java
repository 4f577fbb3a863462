package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.Operations.Expanding;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Attachment;
import io.ashlar.model.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the new size: to the members first, then to the node where the volume is attached. Members
 * that cannot be reached stay noted and are told when they are back.
 */
final class Expansion {
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final Cluster cluster;

  Expansion(Cluster cluster) {
    this.cluster = cluster;
  }

  Step step(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    List<Long> noted = record.operations().expanding().map(Expanding::replicas).orElseThrow();
    List<Member> members =
        record.replicas().stream().filter(member -> noted.contains(member.replica())).toList();
    List<Long> left = new ArrayList<>();
    StringBuilder problem = new StringBuilder();
    Map<Member, Optional<AgentException>> outcomes =
        Fanout.toAll(
            members,
            member ->
                cluster.agents().resize(member.node(), record.id(), record.spec().sizeBytes()));
    outcomes.forEach(
        (member, failure) ->
            failure.ifPresent(
                why -> {
                  left.add(member.replica());
                  problem.append(why.getMessage()).append("; ");
                }));
    if (!inSyncLeft(record, left)) {
      Optional<AgentException> failure = resizeAttached(record);
      if (failure.isPresent()) {
        return Step.after(RETRY, "%s", failure.get().getMessage());
      }
    }
    cluster.volumes().swap(volume, record.expandingStill(left));
    return left.isEmpty() ? Step.AGAIN : Step.after(RETRY, "%s", problem);
  }

  /** Whether a reachable copy that counts has not been told: the device must not grow yet. */
  private boolean inSyncLeft(VolumeRecord record, List<Long> left) {
    return record.membership().members().stream()
        .anyMatch(member -> member.inSync() && left.contains(member.replica()));
  }

  private Optional<AgentException> resizeAttached(VolumeRecord record) {
    if (record.membership().attachment().isEmpty()) {
      return Optional.empty();
    }
    Attachment attachment = record.membership().attachment().get();
    try {
      cluster.agents().resize(attachment.node(), record.id(), record.spec().sizeBytes());
      return Optional.empty();
    } catch (AgentException failed) {
      return Optional.of(failed);
    }
  }
}
