package io.ashlar.controller.nodes;

import io.ashlar.control.v1.CertificatesGrpc;
import io.ashlar.grpc.GuardedServers;
import io.ashlar.grpc.PeerCheck;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsNames;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC server that nodes call; handlers on virtual threads. With TLS only nodes are heard, and
 * those who are about to become one.
 */
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
      SocketAddress address,
      Optional<Tls> tls,
      List<BindableService> services,
      ServerInterceptor interceptor)
      throws IOException {
    NettyServerBuilder builder =
        tls.map(each -> GuardedServers.on(address, loops, each, ClientAuth.OPTIONAL))
            .orElseGet(() -> GuardedServers.on(address, loops))
            .executor(handlers)
            .intercept(interceptor);
    if (tls.isPresent()) {
      builder.intercept(new PeerCheck(ControlServer::mayCall));
    }
    services.forEach(builder::addService);
    server = builder.build().start();
  }

  /** Who has no certificate yet may ask for one. */
  private static boolean mayCall(String service, Optional<String> peer) {
    return service.equals(CertificatesGrpc.SERVICE_NAME)
        || peer.filter(TlsNames::isNode).isPresent();
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
