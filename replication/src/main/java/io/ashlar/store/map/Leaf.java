package io.ashlar.store.map;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

/**
 * Blocks of one extent. In its slot: 64 versions, 64 places, 64 checksums. A place is a disk page;
 * 0 means no data: a tombstone if there is a version, else unmapped. {@link #LOST}: there may be
 * data, but the node that told of it is damaged.
 */
final class Leaf extends Node {
  static final int SLOT_BYTES = EXTENT_BLOCKS * (Long.BYTES + 2 * Integer.BYTES);

  private static final int PLACES = EXTENT_BLOCKS * Long.BYTES;
  private static final int CRCS = PLACES + EXTENT_BLOCKS * Integer.BYTES;

  /** Page 1 never holds data. Such a block has no version, so whatever is written replaces it. */
  static final int LOST = 1;

  final Mid mid;
  final int index;

  /** Blocks with data in what is {@link #frozen}. */
  int frozenMapped;

  Leaf(Mid mid, int index, SlotMemory slots, int slot) {
    super(mid.map, slots, slot);
    this.mid = mid;
    this.index = index;
  }

  long version(int i) {
    return memory.getLong(base + i * Long.BYTES);
  }

  int place(int i) {
    return memory.getInt(base + PLACES + i * Integer.BYTES);
  }

  int crc(int i) {
    return memory.getInt(base + CRCS + i * Integer.BYTES);
  }

  void set(int i, long version, int place, int crc) {
    memory.putLong(base + i * Long.BYTES, version);
    memory.putInt(base + PLACES + i * Integer.BYTES, place);
    memory.putInt(base + CRCS + i * Integer.BYTES, crc);
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
      set(i, 0, LOST, 0);
    }
  }

  int mappedBlocks() {
    int count = 0;
    for (int i = 0; i < EXTENT_BLOCKS; i++) {
      count += place(i) == 0 ? 0 : 1;
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
