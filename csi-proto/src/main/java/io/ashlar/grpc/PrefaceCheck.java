package io.ashlar.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import io.ashlar.guard.Newcomers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Lets the first bytes of a connection through as long as they are those of its protocol, then
 * leaves; sends away who says something else, or nothing.
 */
final class PrefaceCheck extends ChannelInboundHandlerAdapter {
  /** What a client says first. */
  enum Protocol {
    /** The preface of RFC 9113, 3.4. */
    HTTP2("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII)),
    /** A handshake record, of a version that begins with 3 for ever: RFC 8446, 5.1. */
    TLS("TLS", new byte[] {0x16, 3});

    private final String text;
    private final ByteString first;

    Protocol(String text, byte[] first) {
      this.text = text;
      this.first = ByteString.copyFrom(first);
    }
  }

  private final ConnectionGuard guard;
  private final Protocol protocol;
  private Future<?> patience;
  private int seen;

  PrefaceCheck(ConnectionGuard guard, Protocol protocol) {
    this.guard = guard;
    this.protocol = protocol;
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
    int count = Math.min(bytes.readableBytes(), protocol.first.size() - seen);
    for (int i = 0; i < count; i++) {
      if (bytes.getByte(bytes.readerIndex() + i) != protocol.first.byteAt(seen + i)) {
        bytes.release();
        guard.refuse(context.channel(), "the client does not speak " + protocol.text);
        return;
      }
    }
    seen += count;
    if (seen == protocol.first.size()) {
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
