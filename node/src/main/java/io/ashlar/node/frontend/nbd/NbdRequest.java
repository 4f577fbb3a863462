package io.ashlar.node.frontend.nbd;

import io.netty.buffer.ByteBuf;

/**
 * Header of a request, 28 bytes, big-endian.
 *
 * <pre>
 * off size field   rule
 *   0    4 magic   0x25609513; anything else closes the connection
 *   4    2 flags   unknown or misplaced ones are refused with EINVAL
 *   6    2 type    unknown ones are refused with EINVAL
 *   8    8 cookie  echoed in the reply
 *  16    8 offset  bytes; unsigned
 *  24    4 length  bytes; unsigned
 * </pre>
 */
record NbdRequest(int magic, int flags, int type, long cookie, long offset, long lengthBytes) {
  static NbdRequest read(ByteBuf in) {
    return new NbdRequest(
        in.readInt(),
        in.readUnsignedShort(),
        in.readUnsignedShort(),
        in.readLong(),
        in.readLong(),
        in.readUnsignedInt());
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** Bytes of payload that follow the header. */
  long payloadBytes() {
    return type == Nbd.CMD_WRITE ? lengthBytes : 0;
  }

  /** An offset with its top bit set is beyond the end of any device. */
  boolean fits(long sizeBytes) {
    return offset >= 0 && lengthBytes <= sizeBytes && offset <= sizeBytes - lengthBytes;
  }

  boolean changes() {
    return type == Nbd.CMD_WRITE || type == Nbd.CMD_TRIM || type == Nbd.CMD_WRITE_ZEROES;
  }

  /** FUA is valid with every command (doc/proto.md, "Command flags"); the others with theirs. */
  boolean flagsAreKnown(boolean structured) {
    int known =
        switch (type) {
          case Nbd.CMD_READ -> structured ? Nbd.FLAG_DF : 0;
          case Nbd.CMD_WRITE_ZEROES -> Nbd.FLAG_NO_HOLE;
          case Nbd.CMD_BLOCK_STATUS -> Nbd.FLAG_REQ_ONE;
          default -> 0;
        };
    return (flags & ~(known | Nbd.FLAG_FUA)) == 0;
  }
}
