package io.ashlar.grpc;

import io.ashlar.tls.Tls;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;

/** Builders of gRPC servers that bear bad clients. */
public final class GuardedServers {
  private static final int MESSAGE_BYTES_MAX = 4 << 20;
  private static final int CALLS_EACH_CONNECTION_MAX = 256;
  private static final int RESETS_EACH_SECOND_MAX = 200;

  /** A client that is gone without a word is noticed by its silence to a ping. */
  private static final long PING_SECONDS = 30;

  private static final long PONG_SECONDS = 20;

  private static final long HANDSHAKE_SECONDS = 10;

  private GuardedServers() {}

  /** A server on a Unix socket or a port in plain text, whose connections live on these loops. */
  public static NettyServerBuilder on(SocketAddress address, EventLoopGroup loops) {
    return bounded(address, loops, PrefaceCheck.Protocol.HTTP2);
  }

  /**
   * A server on a port that speaks TLS.
   *
   * @param clients whether they have to say who they are
   */
  public static NettyServerBuilder on(
      SocketAddress address, EventLoopGroup loops, Tls tls, ClientAuth clients) {
    return bounded(address, loops, PrefaceCheck.Protocol.TLS)
        .sslContext(Tls.built(GrpcSslContexts.configure(tls.server(clients), Tls.provider())))
        .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
  }

  private static NettyServerBuilder bounded(
      SocketAddress address, EventLoopGroup loops, PrefaceCheck.Protocol protocol) {
    return NettyServerBuilder.forAddress(address)
        .channelFactory(guarded(address, protocol))
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .maxInboundMessageSize(MESSAGE_BYTES_MAX)
        .maxConcurrentCallsPerConnection(CALLS_EACH_CONNECTION_MAX)
        .maxRstFramesPerWindow(RESETS_EACH_SECOND_MAX, 1)
        .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(PONG_SECONDS, TimeUnit.SECONDS)
        .permitKeepAliveTime(1, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true);
  }

  /** The guard is in the listening channel's pipeline before gRPC puts its own acceptor there. */
  private static ChannelFactory<ServerChannel> guarded(
      SocketAddress address, PrefaceCheck.Protocol protocol) {
    ConnectionGuard guard = new ConnectionGuard(protocol);
    return () -> {
      ServerChannel channel =
          address instanceof UnixDomainSocketAddress
              ? new NioServerDomainSocketChannel()
              : new NioServerSocketChannel();
      channel.pipeline().addLast(guard);
      return channel;
    };
  }
}
