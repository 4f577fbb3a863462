package io.ashlar.net;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Link;
import io.ashlar.wire.FrameException;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection as a {@link Link}. Messages that are sent within one turn of the loop leave with
 * one flush. After the first bad byte nothing more is read. Loop thread only.
 */
final class NettyLink extends ChannelInboundHandlerAdapter implements Link<Message> {
  private static final Logger LOG = LoggerFactory.getLogger(NettyLink.class);

  /** What a peer that reads nothing may make us keep; far above what the protocol has in flight. */
  private static final long UNSENT_BYTES_MAX = 256L << 20;

  private final Link.Handler<Message> handler;
  private final FrameReader reader;
  private ChannelHandlerContext context;
  private boolean flushDue;
  private boolean closed;
  private boolean heardFrom;

  NettyLink(Link.Handler<Message> handler, PayloadPool pool) {
    this.handler = handler;
    this.reader = new FrameReader(pool);
  }

  // ---- the link

  @Override
  public void send(Message message) {
    if (closed || !context.channel().isActive()) {
      message.discard();
      return;
    }
    MessageCodec.Frame frame = MessageCodec.encode(message);
    Payload payload = frame.payload();
    ByteBuf head = context.alloc().ioBuffer(frame.head().remaining()).writeBytes(frame.head());
    if (payload == null) {
      var _ = context.write(head, context.voidPromise());
    } else {
      var _ = context.write(head, context.voidPromise());
      var _ =
          context
              .write(Unpooled.wrappedBuffer(payload.view()))
              .addListener(done -> payload.release());
    }
    if (context.channel().unsafe().outboundBuffer().totalPendingWriteBytes() > UNSENT_BYTES_MAX) {
      fail("the other side does not read");
    } else if (!flushDue) {
      flushDue = true;
      context.executor().execute(this::flush);
    }
  }

  private void flush() {
    flushDue = false;
    context.flush();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.flush();
      var _ = context.close();
    }
  }

  private void fail(String reason) {
    if (!closed) {
      closed = true;
      var _ = context.close();
      context.executor().execute(() -> handler.closed(this, reason));
    }
  }

  /** Whether the peer has said anything yet. */
  boolean heardFrom() {
    return heardFrom;
  }

  void giveUp(String reason) {
    fail(reason);
  }

  // ---- the channel

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    handler.opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object data) {
    ByteBuf in = (ByteBuf) data;
    try {
      if (!closed) {
        reader.read(in, this::deliver);
      }
    } catch (FrameException e) {
      LOG.warn(
          "event=bad_frame peer={} reason=\"{}\"", ctx.channel().remoteAddress(), e.getMessage());
      fail("bad frame: " + e.getMessage());
    } finally {
      in.release();
    }
  }

  private void deliver(Message message) {
    heardFrom = true;
    if (closed) {
      message.discard();
    } else {
      handler.received(this, message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    reader.close();
    fail("the connection was closed");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      fail(String.valueOf(cause.getMessage()));
    } else {
      Bugs.halt("link", cause);
    }
  }
}
