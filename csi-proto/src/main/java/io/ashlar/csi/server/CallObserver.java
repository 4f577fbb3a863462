package io.ashlar.csi.server;

import java.time.Duration;

/** Told about every finished call; called from gRPC's threads, must not block. */
@FunctionalInterface
public interface CallObserver {
  CallObserver NONE = (method, code, took) -> {};

  /**
   * @param method as {@code csi.v1.Controller/CreateVolume}
   * @param code name of the gRPC code
   */
  void finished(String method, String code, Duration took);
}
