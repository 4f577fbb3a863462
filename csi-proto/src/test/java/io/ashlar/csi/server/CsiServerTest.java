package io.ashlar.csi.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.csi.v1.GetPluginCapabilitiesRequest;
import io.ashlar.csi.v1.GetPluginInfoRequest;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.csi.v1.ProbeRequest;
import io.ashlar.csi.v1.ProbeResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server on a real Unix socket, called as sidecars call it. */
final class CsiServerTest {
  @TempDir Path folder;

  private final AtomicBoolean ready = new AtomicBoolean();
  private final AtomicReference<String> observed = new AtomicReference<>();
  private final EventLoopGroup clientLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private CsiEndpoint endpoint;
  private ManagedChannel channel;

  @BeforeEach
  void connect() {
    endpoint = CsiEndpoint.parse("unix://" + folder.resolve("csi.sock"));
    channel =
        NettyChannelBuilder.forAddress(endpoint.address())
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(clientLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  @AfterEach
  void disconnect() throws InterruptedException {
    assertThat(channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private CsiServer server(IdentityGrpc.IdentityImplBase identity) {
    CallInterceptor interceptor =
        new CallInterceptor(
            cause -> Status.INTERNAL.withDescription("mapped: " + cause.getMessage()),
            (method, code, took) -> observed.set(method + " " + code));
    return new CsiServer(endpoint, List.of(identity), interceptor);
  }

  @Test
  void identityAnswersAndProbeTellsWhenItIsReady() throws IOException {
    try (CsiServer server = server(new IdentityService("1.0", ready::get)).start()) {
      assertThat(server).isNotNull();
      IdentityGrpc.IdentityBlockingStub stub = IdentityGrpc.newBlockingStub(channel);

      assertThat(stub.getPluginInfo(GetPluginInfoRequest.getDefaultInstance()).getName())
          .matches("^[a-zA-Z][A-Za-z0-9-\\._]{0,61}[a-zA-Z]$");
      assertThat(
              stub.getPluginCapabilities(GetPluginCapabilitiesRequest.getDefaultInstance())
                  .getCapabilitiesCount())
          .isEqualTo(3);
      assertThat(stub.probe(ProbeRequest.getDefaultInstance()).getReady().getValue()).isFalse();
      ready.set(true);
      assertThat(stub.probe(ProbeRequest.getDefaultInstance()).getReady().getValue()).isTrue();
    }
    assertThat(endpoint.path()).doesNotExist();
  }

  @Test
  void whatAHandlerThrowsIsAnsweredWithStatusAndText() throws IOException {
    IdentityGrpc.IdentityImplBase broken =
        new IdentityGrpc.IdentityImplBase() {
          @Override
          public void probe(ProbeRequest request, StreamObserver<ProbeResponse> observer) {
            throw new IllegalStateException("broken");
          }
        };
    try (CsiServer server = server(broken).start()) {
      assertThat(server).isNotNull();
      assertThatThrownBy(
              () -> IdentityGrpc.newBlockingStub(channel).probe(ProbeRequest.getDefaultInstance()))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessage("INTERNAL: mapped: broken");
      assertThat(observed.get()).isEqualTo("csi.v1.Identity/Probe INTERNAL");
    }
  }

  @Test
  void aTextThatQuotesALongRequestArrivesShortened() throws IOException {
    IdentityGrpc.IdentityImplBase quoting =
        new IdentityGrpc.IdentityImplBase() {
          @Override
          public void probe(ProbeRequest request, StreamObserver<ProbeResponse> observer) {
            throw new IllegalArgumentException("\u20ac".repeat(1 << 20));
          }
        };
    try (CsiServer server = server(quoting).start()) {
      assertThat(server).isNotNull();
      assertThatThrownBy(
              () -> IdentityGrpc.newBlockingStub(channel).probe(ProbeRequest.getDefaultInstance()))
          .hasMessageStartingWith("INTERNAL: mapped: \u20ac")
          .hasMessageEndingWith("\u20ac [shortened]");
    }
  }

  @Test
  void aStaleSocketIsReplacedAndALiveOneIsNotStolen() throws IOException {
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(endpoint.path()));
    }
    assertThat(Files.exists(endpoint.path())).isTrue();
    IdentityService identity = new IdentityService("1.0", ready::get);
    try (CsiServer server = server(identity).start();
        CsiServer second = server(identity)) {
      assertThat(server).isNotNull();
      assertThatThrownBy(second::start)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("in use");
    }
  }

  @Test
  void badEndpointsAreRefusedWithAReason() {
    assertThatThrownBy(() -> CsiEndpoint.parse("tcp://1.2.3.4:5"))
        .hasMessageContaining("only Unix sockets");
    assertThatThrownBy(() -> CsiEndpoint.parse("unix://relative.sock"))
        .hasMessageContaining("absolute");
    assertThatThrownBy(() -> CsiEndpoint.parse("unix:///csi/csi.socket"))
        .hasMessageContaining(".sock");
    assertThatThrownBy(() -> CsiEndpoint.parse("unix:///" + "a".repeat(110) + ".sock"))
        .hasMessageContaining("107");
    assertThatThrownBy(() -> CsiEndpoint.parse("unix://")).hasMessageContaining("names no path");
    CsiServer missing =
        new CsiServer(
            CsiEndpoint.parse("unix:///no/such/folder/csi.sock"),
            List.of(),
            new CallInterceptor(Status::fromThrowable, CallObserver.NONE));
    assertThatThrownBy(missing::start).hasMessageContaining("does not exist");
    missing.close();
  }
}
