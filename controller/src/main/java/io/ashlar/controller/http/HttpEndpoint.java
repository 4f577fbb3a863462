package io.ashlar.controller.http;

import io.javalin.Javalin;
import java.net.InetSocketAddress;
import java.util.function.BooleanSupplier;

/**
 * {@code /healthz}: 200 when ready, else 503. {@code /metrics}: Prometheus. Handlers on virtual
 * threads.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final Javalin server;

  /** Binds and serves. */
  public HttpEndpoint(InetSocketAddress address, ControllerMetrics metrics, BooleanSupplier ready) {
    server =
        Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              config.concurrency.useVirtualThreads = true;
              config.routes.get(
                  "/healthz",
                  exchange ->
                      exchange
                          .status(ready.getAsBoolean() ? 200 : 503)
                          .result(ready.getAsBoolean() ? "ok\n" : "starting\n"));
              config.routes.get(
                  "/metrics",
                  exchange -> exchange.contentType(PROMETHEUS).result(metrics.scrape()));
            });
    server.start(address.getHostString(), address.getPort());
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.stop();
  }
}
