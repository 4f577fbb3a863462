package io.ashlar.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import java.net.InetSocketAddress;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Serves {@code /healthz}, 200 when ready and else 503, and {@code /metrics} for Prometheus, on
 * virtual threads.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpGuard guard = new HttpGuard();
  private final Javalin server;

  /**
   * Binds and serves.
   *
   * @param scrape the metrics in Prometheus' text format
   */
  public HttpEndpoint(InetSocketAddress address, Supplier<String> scrape, BooleanSupplier ready) {
    server = Javalin.create(config -> configure(config, scrape, ready));
    server.start(address.getHostString(), address.getPort());
  }

  private void configure(JavalinConfig config, Supplier<String> scrape, BooleanSupplier ready) {
    config.startup.showJavalinBanner = false;
    config.concurrency.useVirtualThreads = true;
    config.events.serverStarting(() -> guard.watch(server.jettyServer().server()));
    config.routes.get(
        "/healthz",
        exchange ->
            exchange
                .status(ready.getAsBoolean() ? 200 : HttpGuard.NOT_READY)
                .result(ready.getAsBoolean() ? "ok\n" : "starting\n"));
    config.routes.get(
        "/metrics", exchange -> exchange.contentType(PROMETHEUS).result(scrape.get()));
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.stop();
    guard.close();
  }
}
