package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.store.ClusterStore.StoreException;
import io.ashlar.csi.server.StatusOf;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Our refusals and failures as gRPC codes, for CSI and for control/v1. */
public final class StatusMapper implements StatusOf {
  private static final Logger log = LoggerFactory.getLogger(StatusMapper.class);

  @Override
  public Status failure(Throwable cause) {
    return switch (cause) {
      case RefusedException refused -> code(refused.kind()).withDescription(refused.getMessage());
      case IllegalArgumentException bad ->
          Status.INVALID_ARGUMENT.withDescription(bad.getMessage());
      case StoreException store -> {
        log.warn("store failed error={}", store.getMessage(), store);
        yield Status.UNAVAILABLE.withDescription(store.getMessage());
      }
      // Generated code refuses methods that are not there in this way.
      case StatusRuntimeException status -> status.getStatus();
      default -> {
        log.error("call failed", cause);
        yield Status.INTERNAL.withDescription(cause.toString());
      }
    };
  }

  private static Status code(RefusedException.Kind kind) {
    return switch (kind) {
      case INVALID -> Status.INVALID_ARGUMENT;
      case NOT_FOUND -> Status.NOT_FOUND;
      case CONFLICT -> Status.ALREADY_EXISTS;
      case SIZE -> Status.OUT_OF_RANGE;
      case WRONG_STATE -> Status.FAILED_PRECONDITION;
      case EXHAUSTED -> Status.RESOURCE_EXHAUSTED;
      case IN_PROGRESS, BAD_TOKEN -> Status.ABORTED;
      case UNREACHABLE -> Status.UNAVAILABLE;
      case FORBIDDEN -> Status.PERMISSION_DENIED;
    };
  }
}
