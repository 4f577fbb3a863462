package io.ashlar.controller.nodes;

import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import java.time.Duration;
import java.util.List;

/**
 * What the controller asks of nodes. Every call is idempotent, blocks until the answer or its
 * deadline, and throws {@link AgentException} if it was not done for certain.
 */
public interface NodeAgents {
  /** A replica that a node has. */
  record Replica(
      VolumeId volume, long replica, long incarnation, int promisedEpoch, long lineage) {}

  /** Answer to a fence: promised, or to be asked again after {@code pending}. */
  record Promise(boolean promised, Duration pending, int promisedEpoch) {}

  void createReplica(Member member, VolumeId volume, long sizeBytes, View view)
      throws AgentException;

  /** Nothing happens if the replica is not there or has another incarnation. */
  void deleteReplica(NodeId node, VolumeId volume, long replica, long incarnation)
      throws AgentException;

  List<Replica> listReplicas(NodeId node) throws AgentException;

  Promise fence(Member member, VolumeId volume, View view) throws AgentException;

  void resize(NodeId node, VolumeId volume, long sizeBytes) throws AgentException;

  void openCoordinator(NodeId node, VolumeId volume) throws AgentException;

  void closeCoordinator(NodeId node, VolumeId volume) throws AgentException;
}
