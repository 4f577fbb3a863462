package io.ashlar.node.rehearsal;

import io.ashlar.control.v1.CompareAndSetReply;
import io.ashlar.control.v1.CompareAndSetRequest;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.Membership;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.RegisterReply;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.control.v1.VolumesGrpc;
import io.ashlar.grpc.GuardedServers;
import io.ashlar.tls.Tls;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Keeps one volume's record in memory, and takes every change of it. */
final class StandInController implements AutoCloseable {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server server;
  private VolumeView view;
  private String replicationAddress = "";

  /**
   * @param tls the node's own, for want of a controller's
   */
  StandInController(Optional<Tls> tls, VolumeView first) throws IOException {
    this.view = first;
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    NettyServerBuilder builder =
        tls.map(each -> GuardedServers.on(anyPort, loops, each, ClientAuth.OPTIONAL))
            .orElseGet(() -> GuardedServers.on(anyPort, loops));
    this.server = builder.addService(new Nodes()).addService(new Volumes()).build().start();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** Where all members listen now. */
  synchronized void listensAt(String address) {
    replicationAddress = address;
    view = view.toBuilder().setMembership(reachable(view.getMembership())).build();
  }

  private Membership reachable(Membership membership) {
    Membership.Builder known = membership.toBuilder();
    known
        .getMembersBuilderList()
        .forEach(member -> member.setReplicationAddress(replicationAddress));
    return known.build();
  }

  private synchronized VolumeView view() {
    return view;
  }

  private synchronized CompareAndSetReply swap(CompareAndSetRequest request) {
    boolean current = request.getExpectedRevision() == view.getRevision();
    if (current) {
      view =
          view.toBuilder()
              .setRevision(view.getRevision() + 1)
              .setMembership(reachable(request.getMembership()))
              .build();
    }
    return CompareAndSetReply.newBuilder().setSwapped(current).setVolume(view).build();
  }

  private static <T> void answer(StreamObserver<T> observer, T message) {
    observer.onNext(message);
    observer.onCompleted();
  }

  private static final class Nodes extends NodesGrpc.NodesImplBase {
    @Override
    public void register(RegisterRequest request, StreamObserver<RegisterReply> observer) {
      answer(observer, RegisterReply.newBuilder().setClusterId("1").build());
    }

    @Override
    public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatReply> observer) {
      answer(observer, HeartbeatReply.getDefaultInstance());
    }
  }

  private final class Volumes extends VolumesGrpc.VolumesImplBase {
    @Override
    public void get(GetVolumeRequest request, StreamObserver<VolumeView> observer) {
      answer(observer, view());
    }

    @Override
    public void compareAndSet(
        CompareAndSetRequest request, StreamObserver<CompareAndSetReply> observer) {
      answer(observer, swap(request));
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
