package io.ashlar.controller.placement;

import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes candidates of nodes and of what the volumes' records have put on them. */
public final class Candidates {
  private Candidates() {}

  public static List<Candidate> of(List<NodeStatus> nodes, List<VolumeRecord> volumes) {
    Map<NodeId, Long> bytes = new HashMap<>();
    Map<NodeId, Integer> copies = new HashMap<>();
    for (VolumeRecord volume : volumes) {
      for (Member member : volume.replicas()) {
        bytes.merge(member.node(), volume.spec().sizeBytes(), Long::sum);
        copies.merge(member.node(), 1, Integer::sum);
      }
    }
    return nodes.stream()
        .map(
            node ->
                new Candidate(
                    node, bytes.getOrDefault(node.id(), 0L), copies.getOrDefault(node.id(), 0)))
        .toList();
  }
}
