package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice.Run;
import io.ashlar.block.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes the answers to requests, simple ones or chunks, as the client negotiated. A read's payload
 * goes to the socket as it is and is released when it has left, or never will. Loop thread only.
 */
final class Replies {
  private static final int SIMPLE_BYTES = 16;
  private static final int CHUNK_BYTES = 20;

  private final Channel channel;
  private final boolean structured;

  Replies(Channel channel, boolean structured) {
    this.channel = channel;
    this.structured = structured;
  }

  boolean structured() {
    return structured;
  }

  ChannelFuture done(long cookie) {
    return channel.writeAndFlush(
        structured ? chunk(Nbd.CHUNK_NONE, cookie, 0) : simple(cookie, Nbd.OK));
  }

  ChannelFuture error(long cookie, int error, String message) {
    if (!structured) {
      return channel.writeAndFlush(simple(cookie, error));
    }
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    ByteBuf chunk = chunk(Nbd.CHUNK_ERROR, cookie, Integer.BYTES + Short.BYTES + text.length);
    return channel.writeAndFlush(chunk.writeInt(error).writeShort(text.length).writeBytes(text));
  }

  /** Takes over the payload. One chunk for the whole read, so DF is always honoured. */
  ChannelFuture data(long cookie, long offset, Payload payload) {
    ByteBuf header =
        structured
            ? chunk(Nbd.CHUNK_OFFSET_DATA, cookie, Long.BYTES + payload.lengthBytes())
                .writeLong(offset)
            : simple(cookie, Nbd.OK);
    var _ = channel.write(header, channel.voidPromise());
    ChannelFuture sent = channel.writeAndFlush(Unpooled.wrappedBuffer(payload.view()));
    return sent.addListener(ignored -> payload.release());
  }

  ChannelFuture status(long cookie, List<Run> runs) {
    int length = Integer.BYTES + runs.size() * 2 * Integer.BYTES;
    ByteBuf chunk = chunk(Nbd.CHUNK_BLOCK_STATUS, cookie, length);
    chunk.writeInt(Nbd.BASE_ALLOCATION_ID);
    for (Run run : runs) {
      chunk.writeInt((int) run.lengthBytes());
      chunk.writeInt(run.mapped() ? 0 : Nbd.STATE_HOLE | Nbd.STATE_ZERO);
    }
    return channel.writeAndFlush(chunk);
  }

  private ByteBuf simple(long cookie, int error) {
    ByteBuf reply = channel.alloc().buffer(SIMPLE_BYTES);
    return reply.writeInt(Nbd.SIMPLE_REPLY_MAGIC).writeInt(error).writeLong(cookie);
  }

  /** Every answer of ours is one chunk, so each is the last. */
  private ByteBuf chunk(int type, long cookie, int lengthBytes) {
    ByteBuf chunk = channel.alloc().buffer(CHUNK_BYTES + Math.min(lengthBytes, 1024));
    chunk.writeInt(Nbd.CHUNK_MAGIC).writeShort(Nbd.CHUNK_DONE).writeShort(type);
    return chunk.writeLong(cookie).writeInt(lengthBytes);
  }
}
