package io.ashlar.node.csi;

import io.ashlar.csi.server.StatusOf;
import io.ashlar.node.mount.CommandException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Our refusals and failures as gRPC codes. */
public final class StatusMapper implements StatusOf {
  private static final Logger log = LoggerFactory.getLogger(StatusMapper.class);

  @Override
  public Status failure(Throwable cause) {
    return switch (cause) {
      case RefusedException refused -> code(refused.kind()).withDescription(refused.getMessage());
      case IllegalArgumentException bad ->
          Status.INVALID_ARGUMENT.withDescription(bad.getMessage());
      // Of the controller, or of generated code that refuses methods that are not there.
      case StatusRuntimeException status -> status.getStatus();
      case CommandException command when command.timedOut() ->
          Status.UNAVAILABLE.withDescription(command.getMessage());
      case CommandException command when command.busy() ->
          Status.ABORTED.withDescription(command.getMessage());
      case UncheckedIOException wrapped -> failure(wrapped.getCause());
      case IOException failed -> Status.INTERNAL.withDescription(failed.getMessage());
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
      case WRONG_STATE -> Status.FAILED_PRECONDITION;
      case SIZE -> Status.OUT_OF_RANGE;
      case IN_PROGRESS -> Status.ABORTED;
      case UNREACHABLE -> Status.UNAVAILABLE;
    };
  }
}
