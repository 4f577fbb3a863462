package io.ashlar.net;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.wire.FrameException;
import io.ashlar.wire.FrameHeader;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into messages. Payloads are copied once, from the socket's buffer into an
 * aligned one that goes on to the disk as it is. Lengths are checked by the header before a buffer
 * is taken, and a body's buffer grows with what has arrived: what is only announced costs nothing.
 * Loop thread only.
 */
final class FrameReader {
  /** Larger than any hello and any answer to one. */
  private static final int FIRST_BODY_BYTES_MAX = 8 << 10;

  private static final int BODY_BYTES_AT_FIRST = 16 << 10;
  private static final int SMALL_BODY_BYTES = 1 << 10;

  private final PayloadPool pool;
  private final ByteBuffer headerBytes = ByteBuffer.allocate(FrameHeader.BYTES);

  /** For nearly all bodies: what is read from one keeps nothing of it. */
  private final ByteBuffer smallBody = ByteBuffer.allocate(SMALL_BODY_BYTES);

  private FrameHeader header;
  private ByteBuffer body;
  private Payload payload;
  private ByteBuffer payloadRoom;
  private boolean introduced;

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
      fillBody(in);
      if (body.position() < header.bodyBytes()) {
        continue;
      }
      if (header.payloadBytes() > 0) {
        fillPayload(in);
        if (payloadRoom.hasRemaining()) {
          continue;
        }
      }
      to.accept(finish());
    }
  }

  /** Whether a frame has begun and is not complete. */
  boolean inFrame() {
    return header != null || headerBytes.position() > 0;
  }

  private void begin() throws FrameException {
    header = FrameHeader.read(headerBytes.flip());
    if (!introduced && (header.bodyBytes() > FIRST_BODY_BYTES_MAX || header.payloadBytes() > 0)) {
      throw new FrameException(
          "a first frame of %s and %s bytes".formatted(header.bodyBytes(), header.payloadBytes()));
    }
    introduced = true;
    body =
        header.bodyBytes() <= smallBody.capacity()
            ? smallBody.clear().limit(header.bodyBytes())
            : ByteBuffer.allocate(Math.min(header.bodyBytes(), BODY_BYTES_AT_FIRST));
  }

  private void fillBody(ByteBuf in) {
    while (true) {
      fill(in, body);
      if (body.hasRemaining() || body.limit() == header.bodyBytes()) {
        return;
      }
      int larger = Math.min(header.bodyBytes(), 2 * body.capacity());
      body = ByteBuffer.wrap(Arrays.copyOf(body.array(), larger)).position(body.position());
    }
  }

  private void fillPayload(ByteBuf in) {
    if (payload == null) {
      payload = pool.lease(header.payloadBytes());
      payloadRoom = payload.view();
    }
    fill(in, payloadRoom);
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
