package io.ashlar.csi.server;

import io.grpc.Status;

/** How one side of the driver answers a failure: the only place there that knows gRPC codes. */
@FunctionalInterface
public interface StatusOf {
  /** A status with a description that an operator can act on; details are never used. */
  Status failure(Throwable cause);
}
