package io.ashlar.store;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import java.nio.ByteBuffer;

/**
 * One entry of a batch, 48 bytes.
 *
 * <pre>
 * off size field        rule
 *   0    4 replica      number of the replica on this disk, never 0, never reused while it matters
 *   4    1 kind         see EntryKind
 *   5    1 flags        DATA, BAD: 1 if collection has moved it; NODE: 1 if it is not a leaf
 *   6    2 storedBytes  bytes used of the payload page; NODE: its length; else 0
 *   8    8 first        bits 0-39: block, first block or first extent; NODE: which one of its level;
 *                       CHECKPOINT: which piece; bits 40-63: birth snapshot, 0
 *  16    8 version      of the block or range; PROGRESS: watermark; BATCH: lsn; CHECKPOINT: length
 *  24    4 crc32c       of the stored bytes; 0 without them
 *  28    4 keyId        0: not encrypted
 *  32   16 tag          DATA: authentication tag, 0 if not encrypted
 *  32    4 from         BAD: page it was moved from
 *  32    8 count        other kinds: blocks or extents; PROGRESS: durable version; BATCH: header pages;
 *                       NODE, CHECKPOINT: where its bytes begin in the payload
 *  40    8 reserved     other kinds: 0
 * </pre>
 *
 * @param flag what flags says
 */
record LogEntry(
    EntryKind kind,
    int replica,
    boolean flag,
    long first,
    long count,
    long version,
    int crc,
    int storedBytes) {
  private static final long FIRST_MASK = (1L << 40) - 1;

  static LogEntry data(int replica, long block, long version, int crc) {
    return new LogEntry(EntryKind.DATA, replica, false, block, 1, version, crc, BLOCK_BYTES);
  }

  /** The block's bytes as collection found them. */
  LogEntry moved() {
    return new LogEntry(EntryKind.DATA, replica, true, first, 1, version, crc, BLOCK_BYTES);
  }

  /** The block's bytes were damaged when collection moved them from this page. */
  LogEntry movedBad(int from) {
    long page = Integer.toUnsignedLong(from);
    return new LogEntry(EntryKind.BAD, replica, true, first, page, version, crc, BLOCK_BYTES);
  }

  static LogEntry range(EntryKind kind, int replica, long first, long count, long version) {
    return new LogEntry(kind, replica, false, first, count, version, 0, 0);
  }

  static LogEntry delete(int replica) {
    return new LogEntry(EntryKind.DELETE, replica, false, 0, 0, 0, 0, 0);
  }

  static LogEntry meta(int replica, int crc, int storedBytes) {
    return new LogEntry(EntryKind.META, replica, false, 0, 0, 0, crc, storedBytes);
  }

  static LogEntry progress(int replica, long watermark, long durableVersion) {
    return new LogEntry(EntryKind.PROGRESS, replica, false, 0, durableVersion, watermark, 0, 0);
  }

  static LogEntry batch(int page, int headerPages, long lsn) {
    return new LogEntry(EntryKind.BATCH, 0, false, page, headerPages, lsn, 0, 0);
  }

  static LogEntry node(int replica, boolean leaf, long number, int offset, int length) {
    return new LogEntry(EntryKind.NODE, replica, !leaf, number, offset, 0, 0, length);
  }

  static LogEntry checkpoint(int piece, int crc, int length) {
    return new LogEntry(EntryKind.CHECKPOINT, 0, false, piece, 0, length, crc, 0);
  }

  long end() {
    return first + count;
  }

  /** Page that a BAD block was moved from. */
  int from() {
    return (int) count;
  }

  /** Writes the entry at {@code at}; the buffer is little-endian and zero there. */
  void encode(ByteBuffer into, int at) {
    into.putInt(at, replica);
    into.put(at + 4, (byte) kind.code());
    into.put(at + 5, (byte) (flag ? 1 : 0));
    into.putShort(at + 6, (short) storedBytes);
    into.putLong(at + 8, first);
    into.putLong(at + 16, version);
    into.putInt(at + 24, crc);
    if (kind == EntryKind.BAD) {
      into.putInt(at + 32, from());
    } else if (kind != EntryKind.DATA) {
      into.putLong(at + 32, count);
    }
  }

  /** Reads the entry at {@code at}, or null if this build cannot read it. */
  static LogEntry decode(ByteBuffer from, int at) {
    EntryKind kind = EntryKind.ofCode(from.get(at + 4));
    int flags = from.get(at + 5);
    if (kind == null || (flags & ~1) != 0 || from.getInt(at + 28) != 0) {
      return null;
    }
    int storedBytes = Short.toUnsignedInt(from.getShort(at + 6));
    long first = from.getLong(at + 8);
    boolean tooLong = kind.hasPage() && storedBytes > BLOCK_BYTES;
    if ((first & ~FIRST_MASK) != 0 || tooLong) {
      return null;
    }
    long count =
        switch (kind) {
          case DATA -> 1;
          case BAD -> Integer.toUnsignedLong(from.getInt(at + 32));
          default -> from.getLong(at + 32);
        };
    return new LogEntry(
        kind,
        from.getInt(at),
        flags != 0,
        first,
        count,
        from.getLong(at + 16),
        from.getInt(at + 24),
        storedBytes);
  }
}
