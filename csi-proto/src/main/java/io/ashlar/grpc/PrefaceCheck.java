package io.ashlar.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.ashlar.guard.Newcomers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Lets the first bytes of a connection through as long as they are HTTP/2's preface (RFC 9113,
 * 3.4), then leaves; sends away who says something else, or nothing.
 */
final class PrefaceCheck extends ChannelInboundHandlerAdapter {
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  private final ConnectionGuard guard;
  private Future<?> patience;
  private int seen;

  PrefaceCheck(ConnectionGuard guard) {
    this.guard = guard;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    patience =
        context
            .executor()
            .schedule(
                () -> guard.refuse(context.channel(), Newcomers.OVERDUE),
                Newcomers.PATIENCE_NANOS,
                TimeUnit.NANOSECONDS);
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    int count = Math.min(bytes.readableBytes(), PREFACE.length - seen);
    for (int i = 0; i < count; i++) {
      if (bytes.getByte(bytes.readerIndex() + i) != PREFACE[seen + i]) {
        bytes.release();
        guard.refuse(context.channel(), "the client does not speak HTTP/2");
        return;
      }
    }
    seen += count;
    if (seen == PREFACE.length) {
      if (!guard.introduced(context.channel())) {
        bytes.release();
        return;
      }
      context.pipeline().remove(this);
    }
    context.fireChannelRead(bytes);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (patience != null) {
      patience.cancel(false);
    }
  }
}
