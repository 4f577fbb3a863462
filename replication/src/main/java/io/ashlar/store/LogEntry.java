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
 *   5    1 flags        0
 *   6    2 storedBytes  bytes used of the payload page; 0 without one
 *   8    8 first        bits 0-39: block, first block or first extent; 40-63: birth snapshot, 0
 *  16    8 version      of the block or range; PROGRESS: watermark
 *  24    4 crc32c       of the stored bytes; 0 without payload
 *  28    4 keyId        0: not encrypted
 *  32   16 tag          kinds DATA and BAD: authentication tag, 0 if not encrypted
 *  32    8 count        other kinds: blocks or extents; PROGRESS: durable version; BATCH: header pages
 *  40    8 birth        TOMBSTONE, UNMAPPED, DELETE: position of the entry when it was first written
 * </pre>
 *
 * @param birth 0 means: the entry's own position
 */
record LogEntry(
    EntryKind kind,
    int replica,
    long first,
    long count,
    long version,
    int crc,
    int storedBytes,
    long birth) {
  private static final long FIRST_MASK = (1L << 40) - 1;

  static LogEntry data(int replica, long block, long version, int crc) {
    return new LogEntry(EntryKind.DATA, replica, block, 1, version, crc, BLOCK_BYTES, 0);
  }

  static LogEntry bad(LogEntry data) {
    return new LogEntry(
        EntryKind.BAD, data.replica, data.first, 1, data.version, data.crc, BLOCK_BYTES, 0);
  }

  static LogEntry range(EntryKind kind, int replica, long first, long count, long version) {
    return new LogEntry(kind, replica, first, count, version, 0, 0, 0);
  }

  static LogEntry delete(int replica) {
    return new LogEntry(EntryKind.DELETE, replica, 0, 0, 0, 0, 0, 0);
  }

  static LogEntry meta(int replica, int crc, int storedBytes) {
    return new LogEntry(EntryKind.META, replica, 0, 0, 0, crc, storedBytes, 0);
  }

  static LogEntry progress(int replica, long watermark, long durableVersion) {
    return new LogEntry(EntryKind.PROGRESS, replica, 0, durableVersion, watermark, 0, 0, 0);
  }

  static LogEntry batch(int page, int headerPages) {
    return new LogEntry(EntryKind.BATCH, 0, page, headerPages, 0, 0, 0, 0);
  }

  /** The same entry, written again by collection but as old as it was. */
  LogEntry bornAt(long position) {
    return new LogEntry(kind, replica, first, count, version, crc, storedBytes, position);
  }

  long end() {
    return first + count;
  }

  /** Writes the entry at {@code at}; the buffer is little-endian and zero there. */
  void encode(ByteBuffer into, int at) {
    into.putInt(at, replica);
    into.put(at + 4, (byte) kind.code());
    into.putShort(at + 6, (short) storedBytes);
    into.putLong(at + 8, first);
    into.putLong(at + 16, version);
    into.putInt(at + 24, crc);
    if (kind != EntryKind.DATA && kind != EntryKind.BAD) {
      into.putLong(at + 32, count);
      into.putLong(at + 40, birth);
    }
  }

  /** Reads the entry at {@code at}, or null if this build cannot read it. */
  static LogEntry decode(ByteBuffer from, int at) {
    EntryKind kind = EntryKind.ofCode(from.get(at + 4));
    if (kind == null || from.get(at + 5) != 0 || from.getInt(at + 28) != 0) {
      return null;
    }
    boolean block = kind == EntryKind.DATA || kind == EntryKind.BAD;
    int storedBytes = Short.toUnsignedInt(from.getShort(at + 6));
    long first = from.getLong(at + 8);
    if ((first & ~FIRST_MASK) != 0 || storedBytes > BLOCK_BYTES) {
      return null;
    }
    return new LogEntry(
        kind,
        from.getInt(at),
        first,
        block ? 1 : from.getLong(at + 32),
        from.getLong(at + 16),
        from.getInt(at + 24),
        storedBytes,
        block ? 0 : from.getLong(at + 40));
  }
}
