package io.ashlar.net;

import io.ashlar.guard.RareLog;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsNames;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * TLS of links: who connects wants to reach one node and no other; who is connected to lets nodes
 * in and nobody else. Loop thread only.
 */
final class LinkTls {
  private static final RareLog LOG = new RareLog(LoggerFactory.getLogger(LinkTls.class));
  private static final long HANDSHAKE_SECONDS = 5;

  private final SslContext client;
  private final SslContext server;

  LinkTls(Tls tls) {
    this.client = Tls.built(tls.client());
    this.server = Tls.built(tls.server(ClientAuth.REQUIRE));
  }

  void connects(Channel channel, NodeId node) {
    add(channel, client.newHandler(channel.alloc(), TlsNames.node(node.value()), 0));
  }

  void accepts(Channel channel) {
    add(channel, server.newHandler(channel.alloc()));
    channel.pipeline().addLast(new NodesOnly());
  }

  private static void add(Channel channel, SslHandler handler) {
    handler.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
    channel.pipeline().addLast(handler);
  }

  /** The handshake ends before the first message is read, but perhaps in the same turn. */
  private static final class NodesOnly extends ChannelInboundHandlerAdapter {
    private boolean refused;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (refused) {
        ReferenceCountUtil.release(message);
      } else {
        context.fireChannelRead(message);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent ended && ended.isSuccess()) {
        String peer =
            Tls.peer(context.pipeline().get(SslHandler.class).engine().getSession()).orElse("");
        if (!TlsNames.isNode(peer)) {
          LOG.warn(
              "peer_is_no_node",
              "event=connection_refused peer={} reason=\"{} is no node\"",
              context.channel().remoteAddress(),
              peer);
          refused = true;
          var _ = context.close();
        }
      }
      context.fireUserEventTriggered(event);
    }
  }
}
