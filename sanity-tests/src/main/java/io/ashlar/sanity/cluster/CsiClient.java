package io.ashlar.sanity.cluster;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A client of one CSI socket that repeats calls as Kubernetes' sidecars do. Calls block. A channel
 * is made for every try, so that a daemon that was started again is found at once.
 */
public final class CsiClient {
  private static final Set<Status.Code> REPEATED =
      Set.of(Status.Code.ABORTED, Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);
  private static final long TRY_SECONDS = 30;
  private static final long ALL_TRIES_SECONDS = 120;
  private static final long PAUSE_MILLIS = 250;

  private final Path socket;

  public CsiClient(Path socket) {
    this.socket = socket;
  }

  /**
   * Calls a method until it is answered, or refused for a reason that another try cannot change.
   */
  public <Q, A> A call(MethodDescriptor<Q, A> method, Q request) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ALL_TRIES_SECONDS);
    while (true) {
      try {
        return once(method, request);
      } catch (StatusRuntimeException e) {
        if (!REPEATED.contains(e.getStatus().getCode()) || System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }

  private <Q, A> A once(MethodDescriptor<Q, A> method, Q request) {
    var loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(TRY_SECONDS, TimeUnit.SECONDS);
      return ClientCalls.blockingUnaryCall(channel, method, options, request);
    } finally {
      channel.shutdownNow();
      var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
