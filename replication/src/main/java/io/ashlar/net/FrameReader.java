package io.ashlar.net;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.wire.FrameException;
import io.ashlar.wire.FrameHeader;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into messages. Payloads are copied once, from the socket's buffer into an
 * aligned one that goes on to the disk as it is. Lengths are checked by the header before a buffer
 * is taken. Loop thread only.
 */
final class FrameReader {
  private final PayloadPool pool;
  private final ByteBuffer headerBytes = ByteBuffer.allocate(FrameHeader.BYTES);
  private FrameHeader header;
  private ByteBuffer body;
  private Payload payload;
  private ByteBuffer payloadRoom;

  FrameReader(PayloadPool pool) {
    this.pool = pool;
  }

  /** Reads all there is; complete messages go to {@code to}, which takes them over. */
  void read(ByteBuf in, Consumer<Message> to) throws FrameException {
    while (in.isReadable()) {
      if (header == null) {
        fill(in, headerBytes);
        if (headerBytes.hasRemaining()) {
          return;
        }
        begin();
      }
      fill(in, body);
      if (!body.hasRemaining() && payloadRoom != null) {
        fill(in, payloadRoom);
      }
      if (body.hasRemaining() || (payloadRoom != null && payloadRoom.hasRemaining())) {
        continue;
      }
      to.accept(finish());
    }
  }

  private void begin() throws FrameException {
    header = FrameHeader.read(headerBytes.flip());
    body = ByteBuffer.allocate(header.bodyBytes());
    if (header.payloadBytes() > 0) {
      payload = pool.lease(header.payloadBytes());
      payloadRoom = payload.view();
    }
  }

  private Message finish() throws FrameException {
    FrameHeader complete = header;
    ByteBuffer completeBody = body.flip();
    Payload completePayload = payload;
    header = null;
    body = null;
    payload = null;
    payloadRoom = null;
    headerBytes.clear();
    return MessageCodec.decode(complete, completeBody, completePayload);
  }

  private static void fill(ByteBuf in, ByteBuffer room) {
    int count = Math.min(in.readableBytes(), room.remaining());
    if (count > 0) {
      int limit = room.limit();
      room.limit(room.position() + count);
      in.readBytes(room);
      room.limit(limit);
    }
  }

  /** Gives back a payload that was begun. */
  void close() {
    if (payload != null) {
      payload.release();
      payload = null;
    }
  }
}
