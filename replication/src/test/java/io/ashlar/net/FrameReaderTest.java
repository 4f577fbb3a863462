package io.ashlar.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.AlignedPool;
import io.ashlar.wire.FrameException;
import io.ashlar.wire.FrameHeader;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What a stranger may make us keep, and that any cutting of the stream gives the same messages. */
final class FrameReaderTest {
  private final AlignedPool pool = new AlignedPool(1 << 20);
  private final FrameReader reader = new FrameReader(pool);
  private final List<Message> read = new ArrayList<>();

  private static byte[] frame(Message message) {
    ByteBuffer head = MessageCodec.encode(message).head();
    byte[] bytes = new byte[head.remaining()];
    head.get(bytes);
    return bytes;
  }

  /** A good frame's header with other lengths, checksummed again. */
  private static byte[] announcing(int bodyBytes, int payloadBytes) {
    ByteBuffer header =
        ByteBuffer.wrap(frame(new Message.Refused(1, ""))).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(20, bodyBytes).putInt(24, payloadBytes);
    CRC32C crc = new CRC32C();
    crc.update(header.slice(0, 60));
    header.putInt(60, (int) crc.getValue());
    byte[] bytes = new byte[FrameHeader.BYTES];
    header.get(0, bytes);
    return bytes;
  }

  private void feed(byte[] bytes) throws FrameException {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    reader.read(in, read::add);
  }

  @Test
  void aFirstFrameIsSmall() {
    assertThatThrownBy(() -> feed(announcing(1 << 20, 0))).isInstanceOf(FrameException.class);
  }

  @Test
  void aFirstFrameHasNoPayload() {
    assertThatThrownBy(() -> feed(announcing(100, 4096))).isInstanceOf(FrameException.class);
  }

  @Test
  void anAnnouncedPayloadCostsNothingBeforeItsBodyHasCome() throws FrameException {
    feed(frame(new Message.Refused(1, "hello")));
    feed(announcing(FrameHeader.BODY_BYTES_MAX, FrameHeader.PAYLOAD_BYTES_MAX));

    assertThat(pool.outstanding()).isZero();
    assertThat(reader.inFrame()).isTrue();
  }

  @Test
  void aLargeBodyInSmallPiecesIsRead() throws FrameException {
    long[] extents = new long[20_000];
    extents[19_999] = 77;
    feed(frame(new Message.Refused(1, "hello")));
    byte[] large = frame(new Message.Extents(2, extents, -1));
    for (int at = 0; at < large.length; at += 777) {
      feed(java.util.Arrays.copyOfRange(large, at, Math.min(large.length, at + 777)));
    }

    assertThat(read).hasSize(2);
    assertThat(((Message.Extents) read.get(1)).extents()).isEqualTo(extents);
    assertThat(reader.inFrame()).isFalse();
  }

  @Test
  void anExtentThatNoVolumeHasIsRefused() throws FrameException {
    feed(frame(new Message.Refused(1, "hello")));

    assertThatThrownBy(() -> feed(frame(new Message.Digest(2, 1, new long[] {Long.MIN_VALUE}))))
        .isInstanceOf(FrameException.class)
        .hasMessageContaining("extent");
  }
}
