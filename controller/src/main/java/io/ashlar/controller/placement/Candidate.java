package io.ashlar.controller.placement;

import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.PoolState;
import io.ashlar.model.NodeId;
import java.util.Comparator;
import java.util.Optional;

/**
 * A node that might take a copy.
 *
 * @param provisionedBytes sum of the sizes of the volumes it holds copies of
 * @param copies number of those
 */
public record Candidate(NodeStatus node, long provisionedBytes, int copies) {
  public NodeId id() {
    return node.id();
  }

  /** The working pool with the most free space. */
  public Optional<PoolState> pool() {
    return node.record().pools().stream()
        .filter(pool -> !pool.failed())
        .max(Comparator.comparingLong(PoolState::freeBytes));
  }

  public String zone() {
    return node.record().topology().getOrDefault(PlacementRequest.ZONE, "");
  }
}
