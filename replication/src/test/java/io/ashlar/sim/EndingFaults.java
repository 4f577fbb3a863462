package io.ashlar.sim;

import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreProbe;
import java.util.List;
import java.util.OptionalLong;

/**
 * What happens to a cluster that is whole again and has no load any more: faults that a run under
 * faults cannot tell from others, since there something always goes on.
 */
final class EndingFaults {
  private final SimCluster cluster;
  private final SimOperator operator;

  EndingFaults(SimCluster cluster, SimOperator operator) {
    this.cluster = cluster;
    this.operator = operator;
  }

  /**
   * A member's process dies, and the newest bytes of its log rot before it is back: it comes back
   * without writes that it has acknowledged, and believes that it is clean. In half of the cases
   * the coordinator dies as well, so that nobody remembers.
   */
  void rottenEnd(SimRng end) {
    Membership membership = cluster.records().view().membership();
    NodeId consumer = membership.coordinator().orElseThrow().node();
    List<SimNode> others =
        membership.members().stream()
            .map(member -> cluster.node(member.node()))
            .filter(node -> !node.id().equals(consumer))
            .toList();
    if (cluster.options().copies() == 1 || !end.oneIn(2)) {
      return;
    }
    SimNode victim = others.get(end.nextInt(others.size()));
    ReplicaStore store = victim.engine().replica(SimCluster.VOLUME).orElseThrow();
    OptionalLong newest = StoreProbe.newestBlock(store, cluster.options().blocks());
    if (newest.isEmpty()) {
      return;
    }
    cluster.note("rotten end at " + victim.id());
    long offset = StoreProbe.offset(store, newest.getAsLong()).orElseThrow();
    SimMedium medium = victim.diskOf(newest.getAsLong()).medium();
    victim.kill();
    medium.flipBit(offset, 0);
    if (end.oneIn(2)) {
      cluster.node(consumer).kill();
      cluster.node(consumer).start();
    }
    victim.start();
    store = victim.engine().replica(SimCluster.VOLUME).orElseThrow();
    if (StoreProbe.offset(store, newest.getAsLong()).equals(OptionalLong.of(offset))) {
      medium.flipBit(offset, 0); // a later batch vouches for it: it is known as damaged
    } else {
      cluster.summary().rottenEnds++;
    }
    cluster.events().runUntil(cluster.events().now() + 5 * SimCluster.SECOND);
    cluster.await("healed after a rotten end", cluster::allWell);
  }

  /** What nobody reads is found damaged all the same, and made good by another copy. */
  void rotUnread(SimRng rot) {
    SimNode victim = cluster.nodes().get(rot.nextInt(cluster.nodes().size()));
    for (int i = 0; i < 3; i++) {
      cluster.damage().strike(victim);
    }
    cluster.await("repaired", cluster.damage()::allRepaired);
    cluster.damage().mendAll();
    rotAcross();
  }

  /** No copy is good, but of each block there is a good one. */
  private void rotAcross() {
    List<SimNode> inSync =
        cluster.records().view().membership().members().stream()
            .filter(Member::inSync)
            .map(member -> cluster.node(member.node()))
            .toList();
    long first =
        cluster.options().copies() == 2
            ? cluster.damage().strikeNeighbours(inSync.get(0), inSync.get(1))
            : -1;
    if (first >= 0) {
      cluster.consumer().client().orElseThrow().readBlocks(first, 2);
      cluster.await("read", () -> cluster.outstanding() == 0);
      cluster.await("repaired", cluster.damage()::allRepaired);
      cluster.damage().mendAll();
      cluster.summary().rottenAcross++;
    }
  }

  /**
   * A volume that nobody uses has everything on its disks, and every copy knows that it has: after
   * a power loss of everything it is served at once, with all its copies.
   */
  void powerCut() {
    operator.detach();
    cluster.await("detached", operator::isDetached);
    cluster.summary().powerCuts++;
    cluster.note("power cut");
    cluster.nodes().forEach(SimNode::powerLoss);
    cluster.nodes().forEach(SimNode::start);
    int epoch = cluster.records().view().membership().epoch();
    operator.attachAgain();
    cluster.await("served after a power cut", cluster::allWell);
    if (cluster.records().view().membership().epoch() > epoch + 2) {
      throw new SimFailure(
          "after a power cut the members were not taken as they are: " + cluster.describe());
    }
  }

  /**
   * Copies of a volume in use may all lack the newest writes after a power loss of everything, and
   * none of them can say so: none calls itself clean, and the volume is not served.
   */
  void powerLossInUse() {
    SimNode consumer = cluster.consumer();
    cluster.summary().darkInUse++;
    cluster.note("power loss of all, in use");
    cluster.nodes().forEach(SimNode::powerLoss);
    cluster.nodes().forEach(SimNode::start);
    cluster.events().runUntil(cluster.events().now() + 10 * SimCluster.SECOND);
    if (consumer.coordinator().isEmpty()) {
      throw new SimFailure("nobody tries to serve the volume: " + cluster.describe());
    }
    if (cluster.serving().isPresent()) {
      throw new SimFailure(
          "served after all copies lost their power in use: " + cluster.describe());
    }
  }
}
