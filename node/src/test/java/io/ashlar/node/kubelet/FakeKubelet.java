package io.ashlar.node.kubelet;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.pluginregistration.v1.RegistrationGrpc;
import io.ashlar.pluginregistration.v1.RegistrationGrpc.RegistrationBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Watches a folder by inotify, but for hidden files, as the kubelet does, and calls whoever listens
 * there with a connection for each call.
 */
final class FakeKubelet implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final WatchService watch;
  private final Queue<String> changes = new ArrayDeque<>();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  FakeKubelet(Path folder) throws IOException {
    watch = folder.getFileSystem().newWatchService();
    folder.register(watch, ENTRY_CREATE, ENTRY_DELETE);
  }

  void awaitCreated(Path path) throws InterruptedException {
    assertThat(nextChange(PATIENCE)).isEqualTo(ENTRY_CREATE.name() + " " + path.getFileName());
  }

  void awaitDeleted(Path path) throws InterruptedException {
    assertThat(nextChange(PATIENCE)).isEqualTo(ENTRY_DELETE.name() + " " + path.getFileName());
  }

  List<String> changesWithin(Duration time) throws InterruptedException {
    long until = System.nanoTime() + time.toNanos();
    List<String> found = new ArrayList<>();
    for (long left = time.toNanos(); left > 0; left = until - System.nanoTime()) {
      String change = nextChange(Duration.ofNanos(left));
      if (!change.isEmpty()) {
        found.add(change);
      }
    }
    return found;
  }

  private String nextChange(Duration patience) throws InterruptedException {
    if (changes.isEmpty()) {
      long until = System.nanoTime() + patience.toNanos();
      WatchKey key = watch.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
      while (key != null) {
        for (WatchEvent<?> event : key.pollEvents()) {
          if (!event.context().toString().startsWith(".")) {
            changes.add(event.kind().name() + " " + event.context());
          }
        }
        key.reset();
        key =
            changes.isEmpty() ? watch.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS) : null;
      }
    }
    return changes.isEmpty() ? "" : changes.remove();
  }

  /** One call; a socket that is bound and not listened on yet is tried again. */
  <T> T ask(Path socket, Function<RegistrationBlockingStub, T> call) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      return call.apply(
          RegistrationGrpc.newBlockingStub(channel)
              .withWaitForReady()
              .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public void close() throws IOException {
    watch.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
