package io.ashlar.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Frame header, 64 bytes, little-endian. Source of truth: docs/protocol.md, "Frame".
 *
 * <pre>
 * off size field         rule
 *   0    4 magic         0x4C485341 ("ASHL")
 *   4    2 version       1
 *   6    2 command       see Command; unknown closes the connection
 *   8    8 request       unique on the connection for a question, repeated in its answer
 *  16    4 epoch         the sender's message epoch; 0 where there is none
 *  20    4 bodyBytes     at most BODY_BYTES_MAX, checked before any buffer is taken
 *  24    4 payloadBytes  at most PAYLOAD_BYTES_MAX, checked likewise
 *  28    4 bodyCrc32c    over the body
 *  32   28 reserved      zero
 *  60    4 headerCrc32c  over bytes 0..59
 * </pre>
 *
 * The payload is checked by the checksums of its blocks, which are in the body.
 */
public record FrameHeader(
    Command command, long request, int epoch, int bodyBytes, int payloadBytes, int bodyCrc) {
  public static final int BYTES = 64;
  public static final int MAGIC = 0x4C485341;
  public static final int VERSION = 1;
  public static final int BODY_BYTES_MAX = 4 << 20;
  public static final int PAYLOAD_BYTES_MAX = 1 << 20;

  static final int MAGIC_AT = 0;
  static final int VERSION_AT = 4;
  static final int COMMAND_AT = 6;
  static final int REQUEST_AT = 8;
  static final int EPOCH_AT = 16;
  static final int BODY_BYTES_AT = 20;
  static final int PAYLOAD_BYTES_AT = 24;
  static final int BODY_CRC_AT = 28;
  static final int RESERVED_AT = 32;
  static final int HEADER_CRC_AT = 60;

  /** Writes the header at the buffer's start. */
  void write(ByteBuffer out) {
    out.order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC_AT, MAGIC);
    out.putShort(VERSION_AT, (short) VERSION);
    out.putShort(COMMAND_AT, (short) command.code());
    out.putLong(REQUEST_AT, request);
    out.putInt(EPOCH_AT, epoch);
    out.putInt(BODY_BYTES_AT, bodyBytes);
    out.putInt(PAYLOAD_BYTES_AT, payloadBytes);
    out.putInt(BODY_CRC_AT, bodyCrc);
    for (int at = RESERVED_AT; at < HEADER_CRC_AT; at += Integer.BYTES) {
      out.putInt(at, 0);
    }
    out.putInt(HEADER_CRC_AT, crc(out, 0, HEADER_CRC_AT));
  }

  /**
   * Reads and checks a header.
   *
   * @throws FrameException if any rule of the table does not hold
   */
  public static FrameHeader read(ByteBuffer in) throws FrameException {
    in.order(ByteOrder.LITTLE_ENDIAN);
    require(in.getInt(MAGIC_AT) == MAGIC, "wrong magic");
    require(in.getInt(HEADER_CRC_AT) == crc(in, 0, HEADER_CRC_AT), "header checksum");
    int version = Short.toUnsignedInt(in.getShort(VERSION_AT));
    require(version == VERSION, "protocol version %s, want 1", version);
    int bodyBytes = in.getInt(BODY_BYTES_AT);
    require(bodyBytes >= 0 && bodyBytes <= BODY_BYTES_MAX, "body of %s bytes", bodyBytes);
    int payloadBytes = in.getInt(PAYLOAD_BYTES_AT);
    require(
        payloadBytes >= 0 && payloadBytes <= PAYLOAD_BYTES_MAX,
        "payload of %s bytes",
        payloadBytes);
    for (int at = RESERVED_AT; at < HEADER_CRC_AT; at += Integer.BYTES) {
      require(in.getInt(at) == 0, "reserved bytes are not zero");
    }
    return new FrameHeader(
        Command.ofCode(Short.toUnsignedInt(in.getShort(COMMAND_AT))),
        in.getLong(REQUEST_AT),
        in.getInt(EPOCH_AT),
        bodyBytes,
        payloadBytes,
        in.getInt(BODY_CRC_AT));
  }

  private static void require(boolean holds, String problem) throws FrameException {
    if (!holds) {
      throw new FrameException(problem);
    }
  }

  /** Makes the text only if it is needed: this is asked several times a frame. */
  static void require(boolean holds, String problem, long value) throws FrameException {
    if (!holds) {
      throw new FrameException(problem.formatted(value));
    }
  }

  /** Of a part of the buffer, whose position and limit stay as they are. */
  static int crc(ByteBuffer bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    int position = bytes.position();
    int limit = bytes.limit();
    crc.update(bytes.limit(from + length).position(from));
    bytes.limit(limit).position(position);
    return (int) crc.getValue();
  }
}
