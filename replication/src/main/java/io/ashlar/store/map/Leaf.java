package io.ashlar.store.map;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import java.nio.ByteBuffer;

/**
 * Blocks of one extent. In its slot: 64 versions, 64 disk pages, 64 checksums; in a wide slot,
 * which it needs once one of them is sealed, also 64 details, key ids and tags. A page of 0 means
 * no data: a tombstone if there is a version, else unmapped. {@link Place#LOST}: there may be data,
 * but the node that told of it is damaged. Such a block has no version, so whatever is written
 * replaces it.
 *
 * <pre>
 * detail, 0 for a block that is stored as it is:
 * bits  0-7   offset in the page, in units of 16 bytes
 * bits  8-11  codec
 * bits 12-24  stored bytes
 * </pre>
 */
final class Leaf extends Node {
  static final int SLOT_BYTES = EXTENT_BLOCKS * (Long.BYTES + 2 * Integer.BYTES);
  static final int WIDE_SLOT_BYTES = SLOT_BYTES + EXTENT_BLOCKS * (2 * Integer.BYTES + 16);

  private static final int PAGES = EXTENT_BLOCKS * Long.BYTES;
  private static final int CRCS = PAGES + EXTENT_BLOCKS * Integer.BYTES;
  private static final int DETAILS = SLOT_BYTES;
  private static final int KEYS = DETAILS + EXTENT_BLOCKS * Integer.BYTES;
  private static final int TAGS = KEYS + EXTENT_BLOCKS * Integer.BYTES;

  private static final int CODEC_SHIFT = 8;
  private static final int BYTES_SHIFT = 12;
  private static final int UNIT_MASK = 0xff;
  private static final int CODEC_MASK = 0xf;

  final Mid mid;
  final int index;

  /** Blocks with data in what is {@link #frozen}. */
  int frozenMapped;

  Leaf(Mid mid, int index, SlotMemory slots, int slot) {
    super(mid.map, slots, slot);
    this.mid = mid;
    this.index = index;
  }

  boolean wide() {
    return slotBytes() == WIDE_SLOT_BYTES;
  }

  /** Goes on in a wide slot; the former one is the caller's to give back. */
  void widen(SlotMemory slots, int wideSlot) {
    ByteBuffer wide = slots.memory(wideSlot);
    int at = slots.offset(wideSlot);
    wide.put(at, memory, base, SLOT_BYTES);
    for (int i = SLOT_BYTES; i < WIDE_SLOT_BYTES; i += Long.BYTES) {
      wide.putLong(at + i, 0);
    }
    moveTo(slots, wideSlot);
  }

  long version(int i) {
    return memory.getLong(base + i * Long.BYTES);
  }

  /** Disk page of the data; 0 if there is none. */
  int page(int i) {
    return memory.getInt(base + PAGES + i * Integer.BYTES);
  }

  long place(int i) {
    return Place.ofUnit(page(i), detail(i) & UNIT_MASK);
  }

  int crc(int i) {
    return memory.getInt(base + CRCS + i * Integer.BYTES);
  }

  int detail(int i) {
    return wide() ? memory.getInt(base + DETAILS + i * Integer.BYTES) : 0;
  }

  int keyId(int i) {
    return wide() ? memory.getInt(base + KEYS + i * Integer.BYTES) : 0;
  }

  long tagHigh(int i) {
    return wide() ? memory.getLong(base + TAGS + i * 16) : 0;
  }

  long tagLow(int i) {
    return wide() ? memory.getLong(base + TAGS + i * 16 + Long.BYTES) : 0;
  }

  /** Null if the block is stored as it is, or has no data. */
  BlockSeal seal(int i) {
    int detail = detail(i);
    return detail == 0
        ? null
        : new BlockSeal(
            Codec.ofCode((detail >>> CODEC_SHIFT) & CODEC_MASK),
            detail >>> BYTES_SHIFT,
            keyId(i),
            tagHigh(i),
            tagLow(i));
  }

  /** What the block's data counts for in its segment. */
  int liveUnits(int i) {
    return unitsOf(detail(i));
  }

  static int unitsOf(int detail) {
    return Place.liveUnits(detail == 0 ? BLOCK_BYTES : detail >>> BYTES_SHIFT);
  }

  /** Whether a detail that was read from a disk can be one. */
  static boolean isDetail(int detail) {
    int bytes = detail >>> BYTES_SHIFT;
    int codec = (detail >>> CODEC_SHIFT) & CODEC_MASK;
    boolean raw = codec == Codec.RAW.code();
    return Codec.isCode(codec) && (raw ? bytes == BLOCK_BYTES : bytes > 0 && bytes < BLOCK_BYTES);
  }

  /** A block that is stored as it is, or has no data. */
  void set(int i, long version, int page, int crc) {
    memory.putLong(base + i * Long.BYTES, version);
    memory.putInt(base + PAGES + i * Integer.BYTES, page);
    memory.putInt(base + CRCS + i * Integer.BYTES, crc);
    if (wide()) {
      setSeal(i, 0, 0, 0, 0);
    }
  }

  /** A block with data; the slot is wide if it is sealed. */
  void set(int i, long version, long place, int crc, BlockSeal seal) {
    set(i, version, Place.page(place), crc);
    if (seal != null) {
      int detail =
          Place.unit(place)
              | seal.codec().code() << CODEC_SHIFT
              | seal.storedBytes() << BYTES_SHIFT;
      setSeal(i, detail, seal.keyId(), seal.tagHigh(), seal.tagLow());
    }
  }

  void setSeal(int i, int detail, int keyId, long tagHigh, long tagLow) {
    memory.putInt(base + DETAILS + i * Integer.BYTES, detail);
    memory.putInt(base + KEYS + i * Integer.BYTES, keyId);
    memory.putLong(base + TAGS + i * 16, tagHigh);
    memory.putLong(base + TAGS + i * 16 + Long.BYTES, tagLow);
  }

  /** The block's data lies elsewhere now; all else is as it was. */
  void move(int i, long place) {
    memory.putInt(base + PAGES + i * Integer.BYTES, Place.page(place));
    int detail = detail(i);
    if (detail != 0) {
      memory.putInt(base + DETAILS + i * Integer.BYTES, (detail & ~UNIT_MASK) | Place.unit(place));
    }
  }

  /** All blocks alike, without data. */
  void fill(long version) {
    for (int i = 0; i < EXTENT_BLOCKS; i++) {
      set(i, version, 0, 0);
    }
  }

  /** Nobody knows what the blocks hold. */
  void lose() {
    for (int i = 0; i < EXTENT_BLOCKS; i++) {
      set(i, 0, (int) Place.LOST, 0);
    }
  }

  int mappedBlocks() {
    int count = 0;
    for (int i = 0; i < EXTENT_BLOCKS; i++) {
      count += page(i) == 0 ? 0 : 1;
    }
    return count;
  }

  @Override
  boolean isLeaf() {
    return true;
  }

  @Override
  long number() {
    return mid.firstExtent() + index;
  }

  @Override
  long word() {
    return mid.word(index);
  }

  @Override
  void setWord(long word) {
    mid.setWord(index, word);
  }

  @Override
  boolean childless() {
    return true;
  }
}
