package io.ashlar.env;

import io.ashlar.model.NodeId;

/** Opens links to the replication servers of nodes. Loop thread only. */
public interface Connector<M> {
  /** The handler hears {@code opened} or {@code closed} later, never inside this call. */
  void connect(NodeId node, Link.Handler<M> handler);
}
