package io.ashlar.grpc;

import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
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

  private GuardedServers() {}

  /** A server on a Unix socket or a port, whose connections live on these loops. */
  public static NettyServerBuilder on(SocketAddress address, EventLoopGroup loops) {
    return NettyServerBuilder.forAddress(address)
        .channelFactory(guarded(address))
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
  private static ChannelFactory<ServerChannel> guarded(SocketAddress address) {
    ConnectionGuard guard = new ConnectionGuard();
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
