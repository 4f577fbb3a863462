package io.ashlar.controller.nodes;

import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.RegisterReply;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.model.NodeId;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.Supplier;

/** control/v1 Nodes. Refusals are thrown; the server's interceptor answers them. */
public final class NodesService extends NodesGrpc.NodesImplBase {
  private final NodeDirectory nodes;
  private final String clusterId;
  private final Supplier<List<String>> controllers;

  /**
   * @param controllers where all of them listen; empty if there is only this one
   */
  public NodesService(NodeDirectory nodes, String clusterId, Supplier<List<String>> controllers) {
    this.nodes = nodes;
    this.clusterId = clusterId;
    this.controllers = controllers;
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
    HeartbeatReply.Builder reply =
        HeartbeatReply.newBuilder().setRegister(!known).addAllControllers(controllers.get());
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
