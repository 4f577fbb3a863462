package io.ashlar.grpc;

import io.ashlar.guard.RareLog;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.LoggerFactory;

/**
 * Stands before a gRPC server, which itself waits for ever for the first byte of any number of
 * clients. Connections are bounded in number; those that have not begun to speak HTTP/2 are bounded
 * in number and time, and when there is one too many of these the oldest has to go: who speaks at
 * once gets in. Thread-safe; one for each listening socket.
 */
@Sharable
final class ConnectionGuard extends ChannelInboundHandlerAdapter {
  static final long PATIENCE_SECONDS = 10;

  private static final int CONNECTIONS_MAX = 1_024;
  private static final int NEWCOMERS_MAX = 128;

  /** Of this socket alone: an attack on one does not silence another. */
  private final RareLog log = new RareLog(LoggerFactory.getLogger(ConnectionGuard.class));

  private final AtomicInteger connections = new AtomicInteger();
  private final Set<Channel> newcomers = new LinkedHashSet<>();

  /** The message is a connection that was accepted and is not registered yet. */
  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Channel connection = (Channel) message;
    if (connections.incrementAndGet() > CONNECTIONS_MAX) {
      connections.decrementAndGet();
      logRefusal(connection, "there are " + CONNECTIONS_MAX + " connections already");
      connection.unsafe().closeForcibly();
      return;
    }
    connection
        .closeFuture()
        .addListener(
            ignored -> {
              connections.decrementAndGet();
              introduced(connection);
            });
    admit(connection);
    connection.pipeline().addLast(new PrefaceCheck(this));
    context.fireChannelRead(connection);
  }

  private void admit(Channel connection) {
    Channel oldest = null;
    synchronized (newcomers) {
      if (newcomers.size() >= NEWCOMERS_MAX) {
        oldest = newcomers.iterator().next();
        newcomers.remove(oldest);
      }
      newcomers.add(connection);
    }
    if (oldest != null) {
      refuse(oldest, "too many connections that say nothing");
    }
  }

  /** The connection speaks HTTP/2, or is gone. */
  void introduced(Channel connection) {
    synchronized (newcomers) {
      newcomers.remove(connection);
    }
  }

  /** Closes at the socket's end: gRPC's handlers would first say goodbye, for half a minute. */
  void refuse(Channel connection, String reason) {
    logRefusal(connection, reason);
    ChannelHandlerContext nearest = connection.pipeline().firstContext();
    var _ = nearest == null ? connection.close() : nearest.close();
  }

  private void logRefusal(Channel connection, String reason) {
    Object peer = connection.remoteAddress() instanceof InetSocketAddress remote ? remote : "unix";
    log.warn(reason, "event=connection_refused peer={} reason=\"{}\"", peer, reason);
  }
}
