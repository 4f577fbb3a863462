package io.ashlar.node.http;

import io.javalin.Javalin;
import java.net.InetSocketAddress;
import java.util.function.BooleanSupplier;

/**
 * Serves {@code /healthz} and {@code /metrics} on virtual threads that never wait for the data
 * loop.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final Javalin server;

  /** Binds and serves. */
  public HttpEndpoint(InetSocketAddress address, NodeMetrics metrics, BooleanSupplier ready) {
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

  @Override
  public void close() {
    server.stop();
  }
}
