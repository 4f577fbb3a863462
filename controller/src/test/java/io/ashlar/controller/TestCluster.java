package io.ashlar.controller;

import io.ashlar.controller.ControllerConfig.BackendConfig;
import io.ashlar.controller.ControllerConfig.Times;
import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.ControllerGrpc.ControllerBlockingStub;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.csi.v1.IdentityGrpc.IdentityBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A whole controller on a real Unix socket and a real SQLite file, with fake nodes behind real
 * gRPC. It can be restarted on the same state.
 */
public final class TestCluster implements AutoCloseable {
  static final Duration SILENCE = Duration.ofMillis(700);

  static final Duration REPLACE_GRACE = Duration.ofSeconds(2);

  private final Path folder;
  private final Duration callWait;
  private final List<FakeNode> nodes = new ArrayList<>();
  private final EventLoopGroup clientLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private Controller controller;
  private ManagedChannel channel;

  public TestCluster(Path folder, int nodeCount, Duration callWait) throws IOException {
    this.folder = folder;
    this.callWait = callWait;
    startController();
    for (int number = 1; number <= nodeCount; number++) {
      addNode("node-" + number, 8);
    }
  }

  public FakeNode addNode(String id, int maxVolumes) throws IOException {
    FakeNode node = new FakeNode(id, maxVolumes);
    node.connect(controller.controlPort());
    nodes.add(node);
    return node;
  }

  private ControllerConfig config() {
    return new ControllerConfig(
        CsiEndpoint.parse("unix://" + folder.resolve("csi.sock")),
        HostPort.parse("127.0.0.1:0"),
        HostPort.parse("127.0.0.1:0"),
        new BackendConfig.Embedded(folder.resolve("state")),
        new Times(SILENCE, Duration.ofMillis(500), Duration.ofMillis(300), REPLACE_GRACE, callWait),
        SpacePolicy.DEFAULT);
  }

  /** Starts one on what is in the folder; the nodes find it. */
  public void startController() throws IOException {
    controller = Controller.start(config());
    channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(folder.resolve("csi.sock")))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(clientLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    nodes.forEach(node -> node.connect(controller.controlPort()));
  }

  public void stopController() {
    channel.shutdownNow();
    controller.close();
  }

  public Controller controller() {
    return controller;
  }

  public FakeNode node(int number) {
    return nodes.get(number - 1);
  }

  public List<FakeNode> nodes() {
    return nodes;
  }

  public ControllerBlockingStub csi() {
    return csi(Duration.ofSeconds(10));
  }

  public ControllerBlockingStub csi(Duration deadline) {
    return ControllerGrpc.newBlockingStub(channel)
        .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  public IdentityBlockingStub identity() {
    return IdentityGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  /** Replicas on all nodes together. */
  public long replicaCount() {
    return nodes.stream().mapToLong(node -> node.replicas().size()).sum();
  }

  @Override
  public void close() {
    stopController();
    nodes.forEach(FakeNode::close);
    clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
