package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.nodes.NodeAgents.Replica;
import io.ashlar.controller.state.Grave;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes replicas that nobody owns: those in graves, and orphans, which are replicas of a volume
 * whose record, read after the node listed them, does not name them. A replica of a volume that has
 * neither record nor grave is left alone: the store may be the one that forgot.
 */
public final class ReplicaCollector {
  private static final Logger log = LoggerFactory.getLogger(ReplicaCollector.class);

  private final Cluster cluster;
  private final Set<String> unknownTold = ConcurrentHashMap.newKeySet();

  public ReplicaCollector(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Deletes what can be deleted now of what is in graves. */
  public void emptyGraves() {
    for (Versioned<Grave> grave : cluster.graves().list()) {
      if (cluster.nodes().isReachable(grave.value().node())) {
        empty(grave);
      }
    }
  }

  private void empty(Versioned<Grave> versioned) {
    Grave grave = versioned.value();
    Optional<VolumeRecord> record = record(grave.volume());
    if (record.isPresent() && record.get().holds(grave.replica(), grave.incarnation())) {
      return;
    }
    if (delete(grave.node(), grave.volume(), grave.replica(), grave.incarnation())) {
      cluster.graves().delete(versioned);
    }
  }

  /** Looks through everything that a node has. */
  public void collectOrphans(NodeId node) throws AgentException {
    for (Replica replica : cluster.agents().listReplicas(node)) {
      record(replica.volume())
          .ifPresentOrElse(
              record -> {
                if (isOrphan(record, node, replica)) {
                  delete(node, replica.volume(), replica.replica(), replica.incarnation());
                }
              },
              () -> tellUnknown(node, replica));
    }
  }

  private boolean isOrphan(VolumeRecord record, NodeId node, Replica replica) {
    boolean reconciled =
        replica.lineage() == record.membership().lineage()
            && replica.promisedEpoch() <= record.membership().epoch();
    boolean completeCopyElsewhere =
        record.membership().members().stream()
            .anyMatch(member -> isCompleteElsewhere(member, node));
    return !record.holds(replica.replica(), replica.incarnation())
        && record.visible()
        && reconciled
        && completeCopyElsewhere;
  }

  private boolean isCompleteElsewhere(Member member, NodeId node) {
    return member.inSync()
        && !member.node().equals(node)
        && cluster.nodes().isReachable(member.node());
  }

  private void tellUnknown(NodeId node, Replica replica) {
    Grave asGrave = new Grave(replica.volume(), replica.replica(), replica.incarnation(), node);
    if (cluster.graves().get(asGrave.key()).isEmpty() && unknownTold.add(asGrave.key())) {
      log.warn(
          "replica of an unknown volume left alone node={} volume={} replica={}",
          node,
          replica.volume(),
          Long.toHexString(replica.replica()));
    }
  }

  private Optional<VolumeRecord> record(VolumeId volume) {
    return VolumeKeys.ofId(volume.value())
        .flatMap(cluster.volumes()::get)
        .map(Versioned::value)
        .filter(record -> record.id().equals(volume));
  }

  private boolean delete(NodeId node, VolumeId volume, long replica, long incarnation) {
    try {
      cluster.agents().deleteReplica(node, volume, replica, incarnation);
      log.info(
          "replica without an owner deleted volume={} node={} replica={}",
          volume,
          node,
          Long.toHexString(replica));
      return true;
    } catch (AgentException failed) {
      log.debug("replica not deleted volume={} error={}", volume, failed.getMessage());
      return false;
    }
  }
}
