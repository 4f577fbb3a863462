package io.ashlar.controller.nodes;

import io.ashlar.grpc.GuardedServers;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The gRPC server that nodes call, in plain text; handlers on virtual threads. */
public final class ControlServer implements AutoCloseable {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private final Server server;

  /**
   * Binds and serves.
   *
   * @throws IOException if the address cannot be bound
   */
  public ControlServer(
      SocketAddress address, List<BindableService> services, ServerInterceptor interceptor)
      throws IOException {
    NettyServerBuilder builder =
        GuardedServers.on(address, loops).executor(handlers).intercept(interceptor);
    services.forEach(builder::addService);
    server = builder.build().start();
  }

  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      var _ = server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      handlers.shutdown();
    }
  }
}
