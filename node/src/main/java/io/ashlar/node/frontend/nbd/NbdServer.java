package io.ashlar.node.frontend.nbd;

import io.ashlar.block.PayloadPool;
import io.ashlar.net.DataLoop;
import io.ashlar.net.NewcomerWatch;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Serves {@link Exports} by NBD on Unix sockets and TCP ports. Connections live on the data loop;
 * {@code listen} is called from any other thread, {@link #stop} on the loop.
 */
public final class NbdServer {
  /** Clients that have chosen an export; those that have not are no reason to refuse one. */
  private static final int CLIENTS_MAX = 128;

  private static final int NEWCOMERS_CROWD = 64;

  /** Payloads of requests under way, of all connections together. */
  private static final long BYTES_MAX = 128L << 20;

  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * Disks complete many requests at once. The client is to take the first replies while the rest
   * are made: with 32 it stood still for as long as the loop worked, and then the loop did.
   */
  private static final int FLUSH_AFTER_REPLIES = 8;

  private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(4 << 20, 8 << 20);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final DataLoop loop;
  private final PayloadPool pool;
  private final Exports exports;
  private final Map<Channel, NbdConnection> connections = new HashMap<>();
  private final NewcomerWatch newcomers;
  private final Set<Channel> clients = new HashSet<>();
  private final MemoryBudget budget;
  private final Set<Channel> listeners = new HashSet<>();
  private boolean stopping;

  public NbdServer(DataLoop loop, PayloadPool pool, Exports exports) {
    this.loop = loop;
    this.pool = pool;
    this.exports = exports;
    this.budget = new MemoryBudget(BYTES_MAX, () -> loop.execute(this::pump));
    this.newcomers =
        new NewcomerWatch(
            loop, NEWCOMERS_CROWD, (channel, reason) -> connections.get(channel).refuse(reason));
  }

  /**
   * Listens on a Unix socket, which only root can open; one that an older process left there is
   * replaced. Blocks until bound.
   *
   * @throws IOException if it cannot be bound
   */
  public Channel listen(Path socket) throws IOException {
    Files.createDirectories(socket.toAbsolutePath().getParent());
    Files.deleteIfExists(socket);
    Channel bound = bind(new ServerBootstrap(), loop.unixServerChannel(), loop.unixAddress(socket));
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    return bound;
  }

  /**
   * Listens on TCP; port 0 lets the system choose. Blocks until bound.
   *
   * @throws IOException if it cannot be bound
   */
  public Channel listen(InetSocketAddress address) throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true);
    return bind(bootstrap, loop.serverChannel(), address);
  }

  private Channel bind(
      ServerBootstrap bootstrap, Class<? extends ServerChannel> type, SocketAddress address)
      throws IOException {
    ChannelFuture bound =
        bootstrap
            .group(loop.group())
            .channel(type)
            .childOption(ChannelOption.ALLOCATOR, DataLoop.ALLOCATOR)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("cannot listen for NBD on " + address, bound.cause());
    }
    loop.execute(
        () -> {
          if (listeners.isEmpty()) {
            loop.after(LOOK_NANOS, this::look);
          }
          listeners.add(bound.channel());
        });
    return bound.channel();
  }

  private void accept(Channel channel) {
    NbdConnection connection =
        new NbdConnection(channel, pool, budget, exports, () -> admit(channel));
    if (stopping) {
      connection.refuse("the node stops");
      return;
    }
    connections.put(channel, connection);
    newcomers.add(channel);
    var _ =
        channel
            .closeFuture()
            .addListener(
                ignored -> {
                  connections.remove(channel);
                  clients.remove(channel);
                  newcomers.remove(channel);
                });
    channel
        .pipeline()
        .addLast(new FlushConsolidationHandler(FLUSH_AFTER_REPLIES, true))
        .addLast(connection);
  }

  /** A client has chosen what to be served; says whether there is a place for it. */
  private boolean admit(Channel channel) {
    newcomers.remove(channel);
    if (clients.size() < CLIENTS_MAX) {
      clients.add(channel);
      return true;
    }
    connections.get(channel).refuse(CLIENTS_MAX + " clients are served already");
    return false;
  }

  private void pump() {
    List.copyOf(connections.values()).forEach(NbdConnection::pump);
  }

  /** A client that stops in the middle would keep memory from the others. */
  private void look() {
    long now = System.nanoTime();
    List.copyOf(connections.values()).forEach(connection -> connection.checkProgress(now));
    if (!stopping) {
      loop.after(LOOK_NANOS, this::look);
    }
  }

  /** Connections that are open now. Loop thread only. */
  public int connections() {
    return connections.size();
  }

  /**
   * Accepts nothing more, lets what is in flight finish, then closes; what takes longer than 2 s is
   * cut. Loop thread only, does not wait.
   */
  public void stop() {
    stopping = true;
    for (Channel listener : listeners) {
      var _ = listener.close();
    }
    List.copyOf(connections.values()).forEach(NbdConnection::drain);
    loop.after(DRAIN_NANOS, () -> List.copyOf(connections.values()).forEach(NbdConnection::close));
  }
}
