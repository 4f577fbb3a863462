package io.ashlar.csi.server;

import io.ashlar.csi.v1.GetPluginInfoRequest;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.grpc.GuardedServers;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gRPC server on a Unix socket.
 *
 * <p>A stale socket file of a killed process is removed; a live one is not stolen: {@link #start}
 * then fails. Closing removes the file. The kubelet opens a connection for every call and
 * grpc-netty warns once for each about an option that Unix sockets do not have; set the logger
 * {@code io.netty.bootstrap} to ERROR.
 */
public final class CsiServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CsiServer.class);
  private static final long DRAIN_SECONDS = 30;
  private static final long WARM_SECONDS = 10;

  private final CsiEndpoint endpoint;
  private final List<BindableService> services;
  private final CallInterceptor interceptor;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private Server server;

  public CsiServer(
      CsiEndpoint endpoint, List<BindableService> services, CallInterceptor interceptor) {
    this.endpoint = endpoint;
    this.services = List.copyOf(services);
    this.interceptor = interceptor;
  }

  /**
   * Binds the socket; calls are served from now on. It appears under its name when the first call,
   * our own, has been answered: a JVM takes its time for that, and the sidecars give up after a
   * second.
   *
   * @throws IOException if the folder is missing or another process listens there
   */
  public CsiServer start() throws IOException {
    endpoint.requireFolder();
    removeStaleSocket();
    NettyServerBuilder builder =
        GuardedServers.on(UnixDomainSocketAddress.of(hidden()), loops)
            .executor(handlers)
            .intercept(interceptor);
    services.forEach(builder::addService);
    Files.deleteIfExists(hidden());
    server = builder.build().start();
    callOnce();
    Files.move(hidden(), endpoint.path(), StandardCopyOption.ATOMIC_MOVE);
    log.info("event=serving endpoint={}", endpoint);
    return this;
  }

  /** The kubelet, which watches folders of sockets, leaves those alone. */
  private Path hidden() {
    return endpoint.path().resolveSibling("." + endpoint.path().getFileName());
  }

  private void callOnce() {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(hidden()))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      var _ =
          IdentityGrpc.newBlockingStub(channel)
              .withDeadlineAfter(WARM_SECONDS, TimeUnit.SECONDS)
              .getPluginInfo(GetPluginInfoRequest.getDefaultInstance());
    } catch (StatusRuntimeException notIdentity) {
      log.debug("first call answered with {}", notIdentity.getStatus());
    } finally {
      channel.shutdownNow();
    }
  }

  private void removeStaleSocket() throws IOException {
    if (!Files.exists(endpoint.path())) {
      return;
    }
    if (isAlive(endpoint.address())) {
      throw new IOException("socket " + endpoint + " is in use: another process answers on it");
    }
    log.info("event=stale_socket_removed endpoint={}", endpoint);
    Files.delete(endpoint.path());
  }

  private static boolean isAlive(UnixDomainSocketAddress address) {
    try (SocketChannel probe = SocketChannel.open(address)) {
      return probe.isConnected();
    } catch (IOException refused) {
      return false;
    }
  }

  /** Finishes the calls in flight, for 30 s at most, and removes the socket. */
  @Override
  public void close() {
    try {
      if (server != null && !server.shutdown().awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
        var _ = server.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      server.shutdownNow();
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
      handlers.shutdown();
      removeSocket();
    }
  }

  private void removeSocket() {
    try {
      if (server != null) {
        Files.deleteIfExists(endpoint.path());
      }
    } catch (IOException failed) {
      log.warn("event=socket_not_removed endpoint={}", endpoint, failed);
    }
  }
}
