package io.ashlar.net;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Link;
import io.ashlar.guard.RareLog;
import io.ashlar.tls.Tls;
import io.ashlar.wire.FrameException;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.net.SocketAddress;
import javax.net.ssl.SSLException;
import org.slf4j.LoggerFactory;

/**
 * One connection as a {@link Link}. Messages that are sent within one turn of the loop leave with
 * one flush. After the first bad byte nothing more is read. Loop thread only.
 */
final class NettyLink extends ChannelInboundHandlerAdapter implements Link<Message> {
  private static final RareLog LOG = new RareLog(LoggerFactory.getLogger(NettyLink.class));

  /** What a peer that reads nothing may make us keep; far above what the protocol has in flight. */
  private static final long UNSENT_BYTES_MAX = 256L << 20;

  private final Link.Handler<Message> handler;
  private final FrameReader reader;
  private final MessageCodec.Encoder encoder = new MessageCodec.Encoder();
  private ChannelHandlerContext context;
  private boolean flushDue;
  private boolean closed;
  private final Runnable introduced;
  private boolean heardFrom;

  /** When the frame was begun that is being read; 0 between two frames. */
  private long frameSince;

  private long frames;

  /**
   * @param introduced run when the other side's first message has come
   */
  NettyLink(Link.Handler<Message> handler, PayloadPool pool, Runnable introduced) {
    this.handler = handler;
    this.introduced = introduced;
    this.reader = new FrameReader(pool);
  }

  // ---- the link

  @Override
  public void send(Message message) {
    if (closed || !context.channel().isActive()) {
      message.discard();
      return;
    }
    if (message instanceof Message.Refused refused) {
      LOG.warn(
          "replica_refused",
          "event=replica_refused peer={} reason=\"{}\"",
          peer(),
          refused.reason());
    }
    MessageCodec.Frame frame = encoder.encode(message);
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

  /** Kept by the channel since it was opened: one that is closed cannot be asked. */
  private SocketAddress peer() {
    return context.channel().remoteAddress();
  }

  /** Ends a connection that came in and is of no use. */
  void refuse(String reason) {
    LOG.warn(reason, "event=connection_refused peer={} reason=\"{}\"", peer(), reason);
    fail(reason);
  }

  /** Ends the connection if a frame was begun long ago and is not complete. */
  void checkProgress(long now, long nanosMax) {
    if (frameSince != 0 && now - frameSince > nanosMax) {
      refuse("half a frame, and nothing more for " + nanosMax / 1_000_000_000L + " s");
    }
  }

  // ---- the channel

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    var _ = peer();
    handler.opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object data) {
    ByteBuf in = (ByteBuf) data;
    try {
      if (!closed) {
        long before = frames;
        reader.read(in, this::deliver);
        noteProgress(frames > before);
      }
    } catch (FrameException e) {
      LOG.warn("bad_frame", "event=bad_frame peer={} reason=\"{}\"", peer(), e.getMessage());
      fail("bad frame: " + e.getMessage());
    } finally {
      in.release();
    }
  }

  private void noteProgress(boolean complete) {
    if (!reader.inFrame()) {
      frameSince = 0;
    } else if (complete || frameSince == 0) {
      frameSince = System.nanoTime();
    }
  }

  private void deliver(Message message) {
    frames++;
    if (!heardFrom) {
      heardFrom = true;
      introduced.run();
    }
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
    } else if (cause instanceof DecoderException && cause.getCause() instanceof SSLException tls) {
      String reason = Tls.reason(tls);
      LOG.warn("bad_tls", "event=bad_tls peer={} reason=\"{}\"", peer(), reason);
      fail("TLS: " + reason);
    } else {
      Bugs.halt("link", cause);
    }
  }
}
