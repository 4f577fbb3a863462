package io.ashlar.controller.nodes;

import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.RegisterReply;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.model.NodeId;
import io.grpc.stub.StreamObserver;

/** control/v1 Nodes. Refusals are thrown; the server's interceptor answers them. */
public final class NodesService extends NodesGrpc.NodesImplBase {
  private final NodeDirectory nodes;
  private final String clusterId;

  public NodesService(NodeDirectory nodes, String clusterId) {
    this.nodes = nodes;
    this.clusterId = clusterId;
  }

  @Override
  public void register(RegisterRequest request, StreamObserver<RegisterReply> observer) {
    nodes.register(ControlMapping.node(request));
    observer.onNext(RegisterReply.newBuilder().setClusterId(clusterId).build());
    observer.onCompleted();
  }

  @Override
  public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatReply> observer) {
    boolean known =
        nodes.heartbeat(
            new NodeId(request.getNodeId()),
            request.getInstance(),
            ControlMapping.pools(request.getPoolsList()));
    HeartbeatReply.Builder reply = HeartbeatReply.newBuilder().setRegister(!known);
    for (NodeStatus node : nodes.all()) {
      reply
          .addPeersBuilder()
          .setNodeId(node.record().id().value())
          .setReplicationAddress(node.record().replicationAddress());
    }
    observer.onNext(reply.build());
    observer.onCompleted();
  }
}
