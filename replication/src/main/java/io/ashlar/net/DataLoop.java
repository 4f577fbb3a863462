package io.ashlar.net;

import io.ashlar.env.Readiness;
import io.ashlar.env.Timers;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The one thread of a node's data path: sockets, timers, machines and stores. */
public final class DataLoop implements Timers, Executor, Readiness, AutoCloseable {
  /**
   * Buffers of the loop's sockets. Netty's default falls back to fresh memory for what comes in
   * large pieces, which has to be filled with zeros each time.
   */
  public static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

  private final MultiThreadIoEventLoopGroup group;
  private final IoEventLoop loop;
  private final boolean epoll;

  public DataLoop(String name) {
    epoll = Epoll.isAvailable();
    IoHandlerFactory factory = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name), factory);
    loop = group.next();
  }

  /** For channels that live on this loop. */
  public MultiThreadIoEventLoopGroup group() {
    return group;
  }

  public Class<? extends SocketChannel> socketChannel() {
    return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
  }

  public Class<? extends ServerChannel> serverChannel() {
    return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  public Class<? extends ServerChannel> unixServerChannel() {
    return epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
  }

  public SocketAddress unixAddress(Path path) {
    return epoll
        ? new io.netty.channel.unix.DomainSocketAddress(path.toString())
        : UnixDomainSocketAddress.of(path);
  }

  public boolean inLoop() {
    return loop.inEventLoop();
  }

  @Override
  public void execute(Runnable task) {
    loop.execute(guarded(task));
  }

  /** Netty would only log what a task throws, and go on with a machine that is half changed. */
  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        Bugs.halt("loop", e);
      }
    };
  }

  @Override
  public void after(long delayNanos, Runnable task) {
    if (delayNanos <= 0) {
      execute(task);
    } else {
      var _ = loop.schedule(guarded(task), delayNanos, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public Optional<Watched> whenReadable(int fd, Runnable task) {
    if (!epoll) {
      return Optional.empty();
    }
    // On the loop itself it is registered at once.
    IoRegistration registration =
        loop.register(new Watch(new FileDescriptor(fd), guarded(task))).getNow();
    registration.submit(EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET));
    return Optional.of(registration::cancel);
  }

  /** A descriptor that is somebody else's to close. */
  private record Watch(FileDescriptor fd, Runnable task) implements EpollIoHandle {
    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      task.run();
    }

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
  }
}
