package io.ashlar.net;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Connector;
import io.ashlar.env.Link;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Tls;
import io.ashlar.wire.Message;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Opens links to other nodes and takes theirs. Loop thread only, but for the constructor and
 * listen.
 */
public final class NettyTransport implements Connector<Message> {
  private static final int CONNECT_MILLIS = 1_500;
  private static final int CONNECTIONS_MAX = 8_192;
  private static final int NEWCOMERS_CROWD = 256;
  private static final long FRAME_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final DataLoop loop;
  private final PayloadPool pool;
  private final Map<NodeId, InetSocketAddress> addresses = new HashMap<>();
  private final Map<Channel, NettyLink> accepted = new HashMap<>();
  private final NewcomerWatch newcomers;
  private final Optional<LinkTls> tls;

  /**
   * @param tls none for plain text
   */
  public NettyTransport(DataLoop loop, PayloadPool pool, Optional<Tls> tls) {
    this.loop = loop;
    this.pool = pool;
    this.tls = tls.map(LinkTls::new);
    this.newcomers =
        new NewcomerWatch(
            loop, NEWCOMERS_CROWD, (channel, reason) -> accepted.get(channel).refuse(reason));
  }

  /** Where a node listens; a later address replaces an earlier one. */
  public void learn(NodeId node, InetSocketAddress address) {
    addresses.put(node, address);
  }

  @Override
  public void connect(NodeId node, Link.Handler<Message> handler) {
    InetSocketAddress address = addresses.get(node);
    if (address == null) {
      loop.execute(() -> handler.closed(null, "the address of node " + node + " is not known"));
      return;
    }
    NettyLink link = new NettyLink(handler, pool, () -> {});
    var _ =
        new Bootstrap()
            .group(loop.group())
            .channel(loop.socketChannel())
            .option(ChannelOption.ALLOCATOR, DataLoop.ALLOCATOR)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    tls.ifPresent(each -> each.connects(channel, node));
                    channel.pipeline().addLast(link);
                  }
                })
            .connect(address)
            .addListener(
                done -> {
                  if (!done.isSuccess()) {
                    handler.closed(null, String.valueOf(done.cause().getMessage()));
                  }
                });
  }

  /**
   * Listens; blocks until bound. Every connection gets a handler of its own and has to say
   * something soon.
   *
   * @throws IOException if the address cannot be had
   */
  public Channel listen(InetSocketAddress address, Supplier<Link.Handler<Message>> handlers)
      throws IOException {
    try {
      Channel listening =
          new ServerBootstrap()
              .group(loop.group())
              .channel(loop.serverChannel())
              .option(ChannelOption.SO_REUSEADDR, true)
              .childOption(ChannelOption.ALLOCATOR, DataLoop.ALLOCATOR)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      accept(channel, handlers);
                    }
                  })
              .bind(address)
              .sync()
              .channel();
      loop.after(LOOK_NANOS, this::look);
      return listening;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while binding " + address, e);
    } catch (RuntimeException e) {
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    }
  }

  private void accept(Channel channel, Supplier<Link.Handler<Message>> handlers) {
    NettyLink link = new NettyLink(handlers.get(), pool, () -> newcomers.remove(channel));
    tls.ifPresent(each -> each.accepts(channel));
    channel.pipeline().addLast(link);
    if (accepted.size() >= CONNECTIONS_MAX) {
      link.refuse("there are " + CONNECTIONS_MAX + " connections already");
      return;
    }
    accepted.put(channel, link);
    newcomers.add(channel);
    var _ =
        channel
            .closeFuture()
            .addListener(
                done -> {
                  accepted.remove(channel);
                  newcomers.remove(channel);
                });
  }

  /** One timer for all: those that were closed leave nothing behind. */
  private void look() {
    long now = System.nanoTime();
    List.copyOf(accepted.values()).forEach(link -> link.checkProgress(now, FRAME_NANOS_MAX));
    loop.after(LOOK_NANOS, this::look);
  }
}
