package io.ashlar.controller.nodes;

import io.ashlar.controller.state.NodeRecord;
import io.ashlar.model.NodeId;

/** A node as it registered, with its latest pools, and whether it was heard of lately. */
public record NodeStatus(NodeRecord record, boolean reachable) {
  public NodeId id() {
    return record.id();
  }
}
