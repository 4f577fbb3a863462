package io.ashlar.http;

import io.ashlar.guard.Newcomers;
import io.ashlar.guard.RareLog;
import java.net.SocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.slf4j.LoggerFactory;

/**
 * Bounds the connections of an HTTP server, and names in the log whom it refuses. Jetty by itself
 * takes any number of connections, and a client that sends one byte every half a minute may stay.
 * Here every connection is one of the {@link Newcomers} until it has brought a whole request, and
 * again after that. Thread-safe.
 */
final class HttpGuard implements Connection.Listener, RequestLog, AutoCloseable {
  private static final int CROWD = 64;
  private static final long LOOK_SECONDS = 1;
  private static final int BAD_REQUEST = 400;

  /** An answer to those who ask for our health, while it is not there. */
  static final int NOT_READY = 503;

  private final RareLog log = new RareLog(LoggerFactory.getLogger(HttpGuard.class));
  private final Newcomers<Connection> newcomers = new Newcomers<>(CROWD);
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("http-guard").daemon().factory());

  /** Stands before a server that has its connectors and is not started yet. */
  void watch(Server server) {
    for (Connector connector : server.getConnectors()) {
      connector.addEventListener(this);
    }
    server.setRequestLog(this);
    var _ = clock.scheduleAtFixedRate(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void onOpened(Connection connection) {
    newcomers
        .add(connection, System.nanoTime())
        .forEach(leaving -> refuse(leaving, Newcomers.CROWDED_OUT));
  }

  @Override
  public void onClosed(Connection connection) {
    newcomers.remove(connection);
  }

  /** Called when a request was answered, be it one that Jetty could not read. */
  @Override
  public void log(Request request, Response response) {
    Connection connection = request.getConnectionMetaData().getConnection();
    int status = response.getStatus();
    if (status >= BAD_REQUEST && status != NOT_READY) {
      log.warn(
          "status " + status,
          "event=request_refused peer={} reason=\"status {}\"",
          peer(connection),
          status);
    }
    newcomers.remove(connection);
    if (connection.getEndPoint().isOpen()) {
      onOpened(connection);
    }
  }

  /** One that has closed already has no address any more. */
  private static Object peer(Connection connection) {
    SocketAddress peer = connection.getEndPoint().getRemoteSocketAddress();
    return peer == null ? "gone" : peer;
  }

  private void look() {
    newcomers.takeOverdue(System.nanoTime()).forEach(overdue -> refuse(overdue, Newcomers.OVERDUE));
  }

  /** One that brought a request and then fell silent has done nothing wrong. */
  private void refuse(Connection connection, String reason) {
    if (connection.getMessagesIn() == 0) {
      log.warn(reason, "event=connection_refused peer={} reason=\"{}\"", peer(connection), reason);
    }
    connection.getEndPoint().close();
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
