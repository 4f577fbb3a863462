package io.ashlar.controller.nodes;

import io.ashlar.model.NodeId;
import io.grpc.StatusRuntimeException;

/**
 * What a node's gRPC code means to the controller: the client's counterpart of the status mapper.
 */
final class AgentStatus {
  private AgentStatus() {}

  static AgentException failure(NodeId node, String what, StatusRuntimeException failed) {
    AgentException.Kind kind =
        switch (failed.getStatus().getCode()) {
          case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> AgentException.Kind.UNREACHABLE;
          case INVALID_ARGUMENT,
              RESOURCE_EXHAUSTED,
              OUT_OF_RANGE,
              ALREADY_EXISTS,
              PERMISSION_DENIED,
              UNAUTHENTICATED,
              UNIMPLEMENTED ->
              AgentException.Kind.REFUSED;
          case OK, UNKNOWN, NOT_FOUND, FAILED_PRECONDITION, ABORTED, INTERNAL, DATA_LOSS ->
              AgentException.Kind.FAILED;
        };
    String why =
        failed.getStatus().getDescription() == null
            ? failed.getStatus().getCode().name()
            : failed.getStatus().getDescription();
    return new AgentException(kind, node, what, why, failed);
  }
}
