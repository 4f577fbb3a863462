package io.ashlar.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
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
    return decoded(MessageCodec.encode(message));
  }

  private static Message decoded(MessageCodec.Frame frame) throws FrameException {
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
  void aRunKeepsSealsAndTheirBytes() throws FrameException {
    byte[] stored = new byte[100 + 4096];
    new SplittableRandom(3).nextBytes(stored);
    BlockSeal[] seals = {
      BlockSeal.compressed(Codec.LZ4, 60),
      null,
      new BlockSeal(Codec.ZSTD, 40, 0x80000001, -2, 3),
      new BlockSeal(Codec.RAW, 4096, 7, 5, -6)
    };
    int[] crcs = {crc(stored, 0, 60), 0, crc(stored, 60, 40), crc(stored, 100, 4096)};
    BlockKind[] kinds = {BlockKind.DATA, BlockKind.UNMAPPED, BlockKind.DATA, BlockKind.DATA};
    BlockRun run =
        new BlockRun(9, kinds, new long[4], crcs, seals, Payload.unpooled(ByteBuffer.wrap(stored)));

    BlockRun got = ((Write) overTheWire(new Write(5, 2, 70, WriteMode.IF_NEWER, run))).run();

    assertThat(got.seals()).isEqualTo(seals);
    byte[] bytes = new byte[stored.length];
    got.payload().view().get(bytes);
    assertThat(bytes).isEqualTo(stored);
  }

  @Test
  void whatAFrameHeldBeforeIsNotInTheNextOne() throws FrameException {
    byte[] stored = new byte[60];
    BlockRun sealed =
        new BlockRun(
            9,
            new BlockKind[] {BlockKind.DATA, BlockKind.DATA},
            new long[2],
            new int[] {crc(stored, 0, 30), crc(stored, 30, 30)},
            new BlockSeal[] {
              new BlockSeal(Codec.ZSTD, 30, 7, 8, 9), BlockSeal.compressed(Codec.LZ4, 30)
            },
            Payload.unpooled(ByteBuffer.wrap(stored)));
    MessageCodec.Encoder encoder = new MessageCodec.Encoder();
    encoder.encode(new Write(5, 2, 70, WriteMode.IF_NEWER, sealed));

    Write next = (Write) decoded(encoder.encode(write((byte) 7)));

    assertThat(next.run().seals()).isNull();
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  @Test
  void aSealThatCannotBeIsRefused() {
    for (int[] wrong : new int[][] {{0, 100}, {1, 4096}, {1, 0}, {2, -1}, {3, 100}, {0, 4097}}) {
      MessageCodec.Frame frame = MessageCodec.encode(write((byte) 7));
      int entry = frame.head().limit() - 2 * BodyWriter.BLOCK_ENTRY_BYTES;
      ByteBuffer head = frame.head().duplicate().order(java.nio.ByteOrder.LITTLE_ENDIAN);
      head.put(entry + BodyWriter.ENTRY_CODEC_AT, (byte) wrong[0]);
      head.putInt(entry + BodyWriter.ENTRY_STORED_BYTES_AT, wrong[1]);
      assertThatThrownBy(
              () ->
                  new BodyReader(head.slice(runOf(head), head.limit() - runOf(head)))
                      .run(frame.payload()))
          .as("codec %s, %s bytes", wrong[0], wrong[1])
          .isInstanceOf(FrameException.class)
          .hasMessageContaining(wrong[0] == 3 ? "codec" : "stored bytes");
    }
  }

  /** The run is the last thing in a WRITE: first block, count, two entries. */
  private static int runOf(ByteBuffer head) {
    return head.limit() - 2 * BodyWriter.BLOCK_ENTRY_BYTES - 12;
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
    for (int payloadBytes : new int[] {-4096, -1, FrameHeader.PAYLOAD_BYTES_MAX + 1}) {
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
