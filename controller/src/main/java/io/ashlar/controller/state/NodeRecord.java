package io.ashlar.controller.state;

import io.ashlar.model.NodeId;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A node as it last registered. Kept so that a new controller knows where to call before nodes call
 * it.
 *
 * @param stateDirId random id of its state directory
 * @param instance random per start of its process
 * @param maxVolumes attach limit, 0 for none
 */
public record NodeRecord(
    NodeId id,
    long stateDirId,
    long instance,
    String bootId,
    SortedMap<String, String> topology,
    List<PoolState> pools,
    String agentAddress,
    String replicationAddress,
    int maxVolumes,
    String version) {

  public NodeRecord {
    topology = new TreeMap<>(topology);
    pools = List.copyOf(pools);
  }

  public NodeRecord withPools(List<PoolState> next) {
    return new NodeRecord(
        id,
        stateDirId,
        instance,
        bootId,
        topology,
        next,
        agentAddress,
        replicationAddress,
        maxVolumes,
        version);
  }
}
