package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.NodeAgents;
import io.ashlar.controller.nodes.NodeDirectory;
import io.ashlar.controller.placement.Candidates;
import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.placement.PlacementRequest;
import io.ashlar.controller.state.Grave;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.env.Rng;
import io.ashlar.model.Member;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.VolumeId;

/**
 * What reconcilers and CSI handlers work on. Immutable; its parts are safe to use from any thread.
 */
public record Cluster(
    Records<VolumeRecord> volumes,
    Records<Grave> graves,
    NodeDirectory nodes,
    NodeAgents agents,
    Placement placement,
    Rng rng) {

  /** Where copies would go, given everything that is placed already. */
  public Placement.Plan plan(PlacementRequest request) {
    return placement.plan(
        request,
        Candidates.of(nodes.all(), volumes.list().stream().map(Versioned::value).toList()));
  }

  /** A replica with a new identity, not made yet. */
  public Member newMember(Placement.Chosen chosen) {
    return new Member(nonZero(), chosen.node(), chosen.pool(), nonZero(), ReplicaState.EMPTY, 0, 0);
  }

  private long nonZero() {
    long value = rng.nextLong();
    return value == 0 ? nonZero() : value;
  }

  /** Notes, durably, that a replica has to go; nothing happens if that is noted already. */
  public void bury(VolumeId volume, Member member) {
    Grave grave = new Grave(volume, member.replica(), member.incarnation(), member.node());
    graves.create(grave.key(), grave);
  }
}
