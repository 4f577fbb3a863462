package io.ashlar.node.cli;

import io.ashlar.control.v1.DisksGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A connection to the node daemon's socket for operators. */
final class DiskClient implements AutoCloseable {
  /** A disk that is added may have to be formatted, and its file to be made. */
  private static final long DEADLINE_SECONDS = 120;

  private final Path socket;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;

  DiskClient(Path socket) {
    this.socket = socket;
    this.channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  DisksGrpc.DisksBlockingStub disks() {
    return DisksGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  /** What went wrong, and what to do, for people. */
  String reason(StatusRuntimeException failed) {
    Status status = failed.getStatus();
    if (status.getCode() != Status.Code.UNAVAILABLE) {
      return status.getDescription() == null ? status.toString() : status.getDescription();
    }
    return Files.exists(socket)
        ? "nobody answers on %s: does the node daemon run?".formatted(socket)
        : ("there is no %s: run this on the node, where its daemon runs; --socket says where its"
                + " socket is, admin.sock in its state directory")
            .formatted(socket);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
