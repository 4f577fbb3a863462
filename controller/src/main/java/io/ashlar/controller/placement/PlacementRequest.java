package io.ashlar.controller.placement;

import io.ashlar.model.NodeId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Copies to be placed.
 *
 * @param holders nodes that have one already
 * @param excluded nodes that could not make one, with nothing to be asked again
 * @param preferred topology segments, best first, to which the first copy should be local
 */
public record PlacementRequest(
    int copies,
    long sizeBytes,
    Set<NodeId> holders,
    Set<NodeId> excluded,
    List<Map<String, String>> preferred) {
  /** The failure domain that copies are spread over. */
  public static final String ZONE = "topology.kubernetes.io/zone";

  public PlacementRequest {
    holders = Set.copyOf(holders);
    excluded = Set.copyOf(excluded);
    preferred = List.copyOf(preferred);
  }
}
