package io.ashlar.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.block.TailEntry;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.Seal;
import io.ashlar.wire.Message.Sealed;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Frames there and back, and every kind of garbage. */
final class MessageCodecTest {
  private static final CoordinatorRef FROM = new CoordinatorRef(new NodeId("n1"), 3, 4);

  private static Message overTheWire(Message message) throws FrameException {
    MessageCodec.Frame frame = MessageCodec.encode(message);
    FrameHeader header = FrameHeader.read(frame.head().slice(0, FrameHeader.BYTES));
    return MessageCodec.decode(
        header, frame.head().slice(FrameHeader.BYTES, header.bodyBytes()), frame.payload());
  }

  private static Write write(byte fill) {
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    java.util.Arrays.fill(bytes.array(), fill);
    CRC32C crc = new CRC32C();
    crc.update(bytes.array());
    BlockRun run =
        new BlockRun(
            9,
            new BlockKind[] {BlockKind.DATA, BlockKind.TOMBSTONE},
            new long[] {77, 78},
            new int[] {(int) crc.getValue(), 0},
            Payload.unpooled(bytes));
    return new Write(5, 2, 70, WriteMode.IF_NEWER, run);
  }

  @Test
  void messagesComeOutAsTheyWentIn() throws FrameException {
    Hello hello = new Hello(1, 2, new VolumeId("vol-1"), 3, 4, FROM, 5, 0);
    assertThat(overTheWire(hello)).isEqualTo(hello);
    View view = new View(7, List.of(1L, 2L), 8, 9);
    Seal seal = new Seal(2, 7, view, Optional.of(FROM), true);
    assertThat(overTheWire(seal)).isEqualTo(seal);
    Sealed sealed =
        new Sealed(2, 7, 11, true, false, 12, 13, 14, 15, List.of(new TailEntry(1, 2, 3, true)));
    assertThat(overTheWire(sealed)).isEqualTo(sealed);
  }

  @Test
  void aRunKeepsKindsVersionsChecksumsAndBytes() throws FrameException {
    Write sent = write((byte) 7);
    Write got = (Write) overTheWire(sent);
    assertThat(got.run().kinds()).isEqualTo(sent.run().kinds());
    assertThat(got.run().versions()).isEqualTo(sent.run().versions());
    assertThat(got.run().crcs()).isEqualTo(sent.run().crcs());
    assertThat(got.run().payload().view().get(100)).isEqualTo((byte) 7);
  }

  @Test
  void aBlockThatDoesNotMatchItsChecksumIsRefused() {
    MessageCodec.Frame frame = MessageCodec.encode(write((byte) 7));
    frame.payload().view().put(1000, (byte) 8);
    assertThatThrownBy(
            () -> {
              FrameHeader header = FrameHeader.read(frame.head().slice(0, FrameHeader.BYTES));
              MessageCodec.decode(
                  header,
                  frame.head().slice(FrameHeader.BYTES, header.bodyBytes()),
                  frame.payload());
            })
        .isInstanceOf(FrameException.class)
        .hasMessageContaining("checksum");
  }

  @Test
  void anyFlippedBitOfHeaderOrBodyIsRefused() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 500; i++) {
      ByteBuffer head =
          MessageCodec.encode(new Hello(1, 2, new VolumeId("vol-1"), 3, 4, FROM, 5, 0)).head();
      int at = random.nextInt(head.limit());
      head.put(at, (byte) (head.get(at) ^ (1 << random.nextInt(8))));
      assertThatThrownBy(
              () -> {
                FrameHeader header = FrameHeader.read(head.slice(0, FrameHeader.BYTES));
                MessageCodec.decode(
                    header, head.slice(FrameHeader.BYTES, header.bodyBytes()), null);
              })
          .isInstanceOf(FrameException.class);
    }
  }

  @Test
  void lengthsBeyondTheBoundsAreRefusedByTheHeader() {
    for (int bodyBytes : new int[] {-1, FrameHeader.BODY_BYTES_MAX + 1, Integer.MAX_VALUE}) {
      ByteBuffer out = ByteBuffer.allocate(FrameHeader.BYTES);
      new FrameHeader(Command.HELLO, 1, 0, bodyBytes, 0, 0).write(out);
      assertThatThrownBy(() -> FrameHeader.read(out)).isInstanceOf(FrameException.class);
    }
    for (int payloadBytes : new int[] {-4096, 1, FrameHeader.PAYLOAD_BYTES_MAX + 4096}) {
      ByteBuffer out = ByteBuffer.allocate(FrameHeader.BYTES);
      new FrameHeader(Command.WRITE, 1, 0, 0, payloadBytes, 0).write(out);
      assertThatThrownBy(() -> FrameHeader.read(out)).isInstanceOf(FrameException.class);
    }
  }

  @Test
  void aCountThatTheBodyCannotHoldIsRefusedBeforeAnythingIsAllocated() {
    BodyWriter body = new BodyWriter(256);
    body.i64(9).i32(Integer.MAX_VALUE);
    ByteBuffer head = body.finish();
    ByteBuffer content = head.slice(FrameHeader.BYTES, head.limit() - FrameHeader.BYTES);
    FrameHeader header =
        new FrameHeader(
            Command.DATA, 1, 0, content.limit(), 0, FrameHeader.crc(content, 0, content.limit()));
    assertThatThrownBy(() -> MessageCodec.decode(header, content, null))
        .isInstanceOf(FrameException.class);
  }
}
