package io.ashlar.store;

import static io.ashlar.model.Invariants.check;
import static io.ashlar.store.Format.HEADER_CRC_OFFSET;
import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.model.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The first thing on a disk, twice (offsets 0 and 64 KiB); the valid one with the higher generation
 * counts. One page:
 *
 * <pre>
 * off size field          rule
 *   0    8 magic          "ASHLARDK"
 *   8    4 formatVersion  3
 *  12    4 segmentBytes   multiple of 4096, 16 to 2^20 pages
 *  16    8 generation     grows with each change
 *  24    8 diskId         random, not 0
 *  32    4 segmentCount   at least 8
 *  36   24 reserved       zero
 *  60    4 crc32c         over the page without this field
 *  64    2 clusterBytes   1 to 64
 *  66   64 cluster        UTF-8, zero padded
 * 130    2 nodeBytes      1 to 128
 * 132  128 node           as above
 * 260    2 poolBytes      1 to 64
 * 262   64 pool           as above
 * 326  186 reserved       zero
 * 512    8 checkpointLsn  everything up to here is in the checkpoint; 0 if there is none yet
 * 520    4 pieces         of its record, 0 to 256
 * 524    4 reserved       zero
 * 528 3072 places         of each piece: page 4, length 4, crc32c 4
 * 3600 496 reserved       zero
 * </pre>
 */
record Superblock(
    DiskIdentity identity,
    long generation,
    int segmentBytes,
    int segmentCount,
    Checkpoint checkpoint) {
  /**
   * Where the record of the last checkpoint is.
   *
   * @param lsn of the last batch that is part of it
   */
  record Checkpoint(long lsn, List<NodeLog.Piece> pieces) {
    static final Checkpoint NONE = new Checkpoint(0, List.of());
  }

  /** "ASHLARDK" read as a little-endian number. */
  static final long MAGIC = 0x4B4452414C485341L;

  static final int CLUSTER_OFFSET = 64;
  static final int NODE_OFFSET = 130;
  static final int POOL_OFFSET = 260;
  static final int NODE_BYTES_MAX = 128;
  static final int CHECKPOINT_OFFSET = 512;
  static final int PIECES_MAX = 256;
  private static final int PIECE_BYTES = 12;

  Superblock withNextGeneration() {
    return new Superblock(identity, generation + 1, segmentBytes, segmentCount, checkpoint);
  }

  /** The next superblock, which leads to this checkpoint. */
  Superblock withCheckpoint(Checkpoint next) {
    check(next.pieces.size() <= PIECES_MAX, "a checkpoint of %s pieces", next.pieces.size());
    return new Superblock(identity, generation + 1, segmentBytes, segmentCount, next);
  }

  int segmentPages() {
    return segmentBytes >>> Format.PAGE_SHIFT;
  }

  /** Bytes of the disk that the format uses. */
  long usedBytes() {
    return Format.DATA_OFFSET + (long) segmentCount * segmentBytes;
  }

  void encode(ByteBuffer zeroedPage) {
    ByteBuffer page = Format.littleEndian(zeroedPage);
    page.putLong(0, MAGIC);
    page.putInt(8, Format.VERSION);
    page.putInt(12, segmentBytes);
    page.putLong(16, generation);
    page.putLong(24, identity.diskId());
    page.putInt(32, segmentCount);
    putName(page, CLUSTER_OFFSET, identity.cluster());
    putName(page, NODE_OFFSET, identity.node().value());
    putName(page, POOL_OFFSET, identity.pool());
    page.putLong(CHECKPOINT_OFFSET, checkpoint.lsn);
    page.putInt(CHECKPOINT_OFFSET + 8, checkpoint.pieces.size());
    int at = CHECKPOINT_OFFSET + 16;
    for (NodeLog.Piece piece : checkpoint.pieces) {
      page.putInt(at, piece.place());
      page.putInt(at + 4, piece.lengthBytes());
      page.putInt(at + 8, piece.crc());
      at += PIECE_BYTES;
    }
    page.putInt(HEADER_CRC_OFFSET, Format.crcWithHole(page, 0, PAGE_BYTES, HEADER_CRC_OFFSET));
  }

  static boolean hasMagic(ByteBuffer page) {
    return Format.littleEndian(page).getLong(0) == MAGIC;
  }

  /** Whether this page is a superblock and its checksum is right. */
  static boolean isWhole(ByteBuffer source) {
    ByteBuffer page = Format.littleEndian(source);
    return page.getLong(0) == MAGIC
        && page.getInt(HEADER_CRC_OFFSET)
            == Format.crcWithHole(page, 0, PAGE_BYTES, HEADER_CRC_OFFSET);
  }

  /** The superblock in this page, or null if it is not a whole one. */
  static Superblock decode(ByteBuffer source) throws StoreOpenException {
    if (!isWhole(source)) {
      return null;
    }
    ByteBuffer page = Format.littleEndian(source);
    if (page.getInt(8) != Format.VERSION) {
      throw new StoreOpenException(
          "the disk has format version %s, this build reads %s", page.getInt(8), Format.VERSION);
    }
    DiskIdentity identity =
        new DiskIdentity(
            name(page, CLUSTER_OFFSET, DiskIdentity.NAME_BYTES_MAX),
            new NodeId(name(page, NODE_OFFSET, NODE_BYTES_MAX)),
            name(page, POOL_OFFSET, DiskIdentity.NAME_BYTES_MAX),
            page.getLong(24));
    return new Superblock(
        identity, page.getLong(16), page.getInt(12), page.getInt(32), checkpoint(page));
  }

  private static Checkpoint checkpoint(ByteBuffer page) {
    List<NodeLog.Piece> pieces = new ArrayList<>();
    int count = Math.clamp(page.getInt(CHECKPOINT_OFFSET + 8), 0, PIECES_MAX);
    int at = CHECKPOINT_OFFSET + 16;
    for (int i = 0; i < count; i++) {
      pieces.add(new NodeLog.Piece(page.getInt(at), page.getInt(at + 4), page.getInt(at + 8)));
      at += PIECE_BYTES;
    }
    return new Checkpoint(page.getLong(CHECKPOINT_OFFSET), pieces);
  }

  private static void putName(ByteBuffer page, int at, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    page.putShort(at, (short) bytes.length);
    page.put(at + 2, bytes);
  }

  private static String name(ByteBuffer page, int at, int bytesMax) {
    byte[] bytes = new byte[Math.min(bytesMax, Short.toUnsignedInt(page.getShort(at)))];
    page.get(at + 2, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
