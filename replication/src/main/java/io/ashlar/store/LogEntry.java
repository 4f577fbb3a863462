package io.ashlar.store;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import java.nio.ByteBuffer;

/**
 * One entry of a batch, 48 bytes.
 *
 * <pre>
 * off size field        rule
 *   0    4 replica      number of the replica on this disk, never 0, never reused while it matters
 *   4    1 kind         see EntryKind
 *   5    1 flags        bit 0: DATA, BAD: collection has moved it; NODE: it is not a leaf;
 *                       bits 4-7: DATA: codec (0 raw, 1 LZ4, 2 ZSTD)
 *   6    2 storedBytes  DATA: 4096 if raw, else less; META, NODE: its length; else 0
 *   8    8 first        bits 0-39: block, first block or first extent; NODE: which one of its level;
 *                       CHECKPOINT: which piece; bits 40-63: birth snapshot, 0
 *  16    8 version      of the block or range; PROGRESS: watermark; BATCH: lsn; CHECKPOINT: length
 *  24    4 crc32c       of the stored bytes; 0 without them
 *  28    4 keyId        DATA: 0: not encrypted
 *  32   16 tag          DATA: authentication tag, 0 if not encrypted
 *  32    8 from         BAD: place it was moved from: page 4, offset in units of 16 bytes 1
 *  32    8 count        other kinds: blocks or extents; PROGRESS: durable version; BATCH: header pages;
 *                       NODE, CHECKPOINT: where its bytes begin in the payload
 *  40    8 reserved     other kinds: 0
 * </pre>
 *
 * @param flag what bit 0 of flags says
 * @param seal of DATA; null if the block is stored as it is
 */
record LogEntry(
    EntryKind kind,
    int replica,
    boolean flag,
    long first,
    long count,
    long version,
    int crc,
    int storedBytes,
    BlockSeal seal) {
  private static final long FIRST_MASK = (1L << 40) - 1;
  private static final int CODEC_SHIFT = 4;

  private LogEntry(
      EntryKind kind,
      int replica,
      boolean flag,
      long first,
      long count,
      long version,
      int crc,
      int storedBytes) {
    this(kind, replica, flag, first, count, version, crc, storedBytes, null);
  }

  static LogEntry data(int replica, long block, long version, int crc, BlockSeal seal) {
    return data(replica, false, block, version, crc, seal);
  }

  private static LogEntry data(
      int replica, boolean moved, long block, long version, int crc, BlockSeal seal) {
    int stored = BlockSeal.lengthOf(seal);
    return new LogEntry(EntryKind.DATA, replica, moved, block, 1, version, crc, stored, seal);
  }

  /** The block's bytes as collection found them. */
  LogEntry moved() {
    return data(replica, true, first, version, crc, seal);
  }

  /** The block's bytes were damaged when collection moved them from this place. */
  LogEntry movedBad(long from) {
    return new LogEntry(EntryKind.BAD, replica, true, first, from, version, crc, 0);
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

  /** Place that a BAD block was moved from. */
  long from() {
    return count;
  }

  /** Whether the payload is packed behind the entries, with others. */
  boolean isPacked() {
    return kind == EntryKind.DATA && storedBytes < BLOCK_BYTES;
  }

  /** Whether the payload has a page to itself. */
  boolean fillsPage() {
    return kind.hasPayload() && !isPacked();
  }

  /** Writes the entry at {@code at}; the buffer is little-endian and zero there. */
  void encode(ByteBuffer into, int at) {
    into.putInt(at, replica);
    into.put(at + 4, (byte) kind.code());
    int codec = seal == null ? 0 : seal.codec().code();
    into.put(at + 5, (byte) ((flag ? 1 : 0) | codec << CODEC_SHIFT));
    into.putShort(at + 6, (short) storedBytes);
    into.putLong(at + 8, first);
    into.putLong(at + 16, version);
    into.putInt(at + 24, crc);
    if (seal != null) {
      into.putInt(at + 28, seal.keyId());
      into.putLong(at + 32, seal.tagHigh());
      into.putLong(at + 40, seal.tagLow());
    } else if (kind != EntryKind.DATA) {
      into.putLong(at + 32, count);
    }
  }

  /** Reads the entry at {@code at}, or null if this build cannot read it. */
  static LogEntry decode(ByteBuffer from, int at) {
    EntryKind kind = EntryKind.ofCode(from.get(at + 4));
    int flags = Byte.toUnsignedInt(from.get(at + 5));
    int codec = flags >>> CODEC_SHIFT;
    int storedBytes = Short.toUnsignedInt(from.getShort(at + 6));
    long first = from.getLong(at + 8);
    if (kind == null
        || (flags & 0xe) != 0
        || (first & ~FIRST_MASK) != 0
        || (kind == EntryKind.DATA ? !isStored(codec, storedBytes) : codec != 0)
        || (kind.hasPayload() && storedBytes > BLOCK_BYTES)) {
      return null;
    }
    boolean data = kind == EntryKind.DATA;
    return new LogEntry(
        kind,
        from.getInt(at),
        (flags & 1) != 0,
        first,
        data ? 1 : from.getLong(at + 32),
        from.getLong(at + 16),
        from.getInt(at + 24),
        storedBytes,
        data ? seal(from, at, Codec.ofCode(codec), storedBytes) : null);
  }

  private static boolean isStored(int codec, int storedBytes) {
    boolean raw = codec == Codec.RAW.code();
    return Codec.isCode(codec)
        && (raw ? storedBytes == BLOCK_BYTES : storedBytes > 0 && storedBytes < BLOCK_BYTES);
  }

  private static BlockSeal seal(ByteBuffer from, int at, Codec codec, int storedBytes) {
    int keyId = from.getInt(at + 28);
    return codec == Codec.RAW && keyId == 0
        ? null
        : new BlockSeal(codec, storedBytes, keyId, from.getLong(at + 32), from.getLong(at + 40));
  }
}
