package io.ashlar.sanity.cluster;

import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.NodeGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A client of one CSI socket that repeats calls as Kubernetes' sidecars do. Calls block. A channel
 * is made for every try, so that a daemon that was started again is found at once.
 */
final class CsiClient {
  private static final Set<Status.Code> REPEATED =
      Set.of(Status.Code.ABORTED, Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);
  private static final long TRY_SECONDS = 30;
  private static final long ALL_TRIES_SECONDS = 120;
  private static final long PAUSE_MILLIS = 250;

  private final Path socket;

  CsiClient(Path socket) {
    this.socket = socket;
  }

  <T> T controller(Function<ControllerGrpc.ControllerBlockingStub, T> call)
      throws InterruptedException {
    return repeat(
        channel ->
            call.apply(
                ControllerGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(TRY_SECONDS, TimeUnit.SECONDS)));
  }

  <T> T node(Function<NodeGrpc.NodeBlockingStub, T> call) throws InterruptedException {
    return repeat(
        channel ->
            call.apply(
                NodeGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(TRY_SECONDS, TimeUnit.SECONDS)));
  }

  private <T> T repeat(Function<ManagedChannel, T> call) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ALL_TRIES_SECONDS);
    while (true) {
      try {
        return once(call);
      } catch (StatusRuntimeException e) {
        if (!REPEATED.contains(e.getStatus().getCode()) || System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }

  private <T> T once(Function<ManagedChannel, T> call) {
    var loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      return call.apply(channel);
    } finally {
      channel.shutdownNow();
      var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
