package io.ashlar.grpc;

import io.ashlar.guard.Newcomers;
import io.ashlar.guard.RareLog;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.LoggerFactory;

/**
 * Stands before a gRPC server, which itself waits for ever for the first byte of any number of
 * clients. Those that have begun to speak HTTP/2, or TLS where that is wanted, are bounded in
 * number; the others are {@link Newcomers}, bounded in number and time, and no reason to refuse one
 * that speaks. Thread-safe; one for each listening socket.
 */
@Sharable
final class ConnectionGuard extends ChannelInboundHandlerAdapter {
  static final int CLIENTS_MAX = 1_024;

  static final int NEWCOMERS_CROWD = 64;

  /** Of this socket alone: an attack on one does not silence another. */
  private final RareLog log = new RareLog(LoggerFactory.getLogger(ConnectionGuard.class));

  private final PrefaceCheck.Protocol protocol;
  private final LongSupplier nanoTime;
  private final AtomicInteger clients = new AtomicInteger();
  private final Newcomers<Channel> newcomers = new Newcomers<>(NEWCOMERS_CROWD);

  ConnectionGuard(PrefaceCheck.Protocol protocol) {
    this(protocol, System::nanoTime);
  }

  ConnectionGuard(PrefaceCheck.Protocol protocol, LongSupplier nanoTime) {
    this.protocol = protocol;
    this.nanoTime = nanoTime;
  }

  /** The message is a connection that was accepted and is not registered yet. */
  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Channel connection = (Channel) message;
    var _ = connection.remoteAddress(); // kept by the channel; once it is closed nobody knows it
    connection.closeFuture().addListener(ignored -> newcomers.remove(connection));
    newcomers
        .add(connection, nanoTime.getAsLong())
        .forEach(leaving -> refuse(leaving, Newcomers.CROWDED_OUT));
    connection.pipeline().addLast(new PrefaceCheck(this, protocol));
    context.fireChannelRead(connection);
  }

  /** The connection speaks HTTP/2; says whether there is a place for it. */
  boolean introduced(Channel connection) {
    newcomers.remove(connection);
    if (clients.incrementAndGet() > CLIENTS_MAX) {
      clients.decrementAndGet();
      refuse(connection, "there are " + CLIENTS_MAX + " clients already");
      return false;
    }
    connection.closeFuture().addListener(ignored -> clients.decrementAndGet());
    return true;
  }

  /** Closes at the socket's end: gRPC's handlers would first say goodbye, for half a minute. */
  void refuse(Channel connection, String reason) {
    log.warn(reason, "event=connection_refused peer={} reason=\"{}\"", peer(connection), reason);
    ChannelHandlerContext nearest = connection.pipeline().firstContext();
    var _ = nearest == null ? connection.close() : nearest.close();
  }

  /** A client of a Unix socket has no name. */
  private static Object peer(Channel connection) {
    SocketAddress remote = connection.remoteAddress();
    return remote == null ? "gone" : remote instanceof InetSocketAddress ? remote : "unix";
  }
}
