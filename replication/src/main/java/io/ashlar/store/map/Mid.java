package io.ashlar.store.map;

/**
 * The extents of 64 MiB: for each its version, which is at least that of every block ever applied
 * in it, and the word of its leaf. In its slot: 256 times version and word.
 */
final class Mid extends Node {
  static final int LEAVES_SHIFT = 8;
  static final int LEAVES = 1 << LEAVES_SHIFT;
  static final int ENTRY_BYTES = 2 * Long.BYTES;
  static final int SLOT_BYTES = LEAVES * ENTRY_BYTES;

  final Shard shard;
  final int index;
  private final Leaf[] leaves = new Leaf[LEAVES];
  private int leavesHere;

  Mid(VolumeMap map, Shard shard, int index, SlotMemory slots, int slot) {
    super(map, slots, slot);
    this.shard = shard;
    this.index = index;
  }

  long firstExtent() {
    return number() << LEAVES_SHIFT;
  }

  long version(int i) {
    return memory.getLong(base + i * ENTRY_BYTES);
  }

  long word(int i) {
    return memory.getLong(base + i * ENTRY_BYTES + Long.BYTES);
  }

  void setVersion(int i, long version) {
    memory.putLong(base + i * ENTRY_BYTES, version);
  }

  void setWord(int i, long word) {
    memory.putLong(base + i * ENTRY_BYTES + Long.BYTES, word);
  }

  void fill(long version, long word) {
    for (int i = 0; i < LEAVES; i++) {
      setVersion(i, version);
      setWord(i, word);
    }
  }

  /** The leaf if it is in memory, else null. */
  Leaf leaf(int i) {
    return leaves[i];
  }

  void attach(Leaf leaf) {
    leaves[leaf.index] = leaf;
    leavesHere++;
  }

  void detach(Leaf leaf) {
    leaves[leaf.index] = null;
    leavesHere--;
  }

  /** Blocks below that hold data, by the words: exact if no leaf in memory is dirty. */
  int mappedBlocks() {
    int count = 0;
    for (int i = 0; i < LEAVES; i++) {
      count += NodeWord.mappedBlocks(word(i));
    }
    return count;
  }

  @Override
  boolean isLeaf() {
    return false;
  }

  @Override
  long number() {
    return shard.firstMid() + index;
  }

  @Override
  long word() {
    return shard.word(index);
  }

  @Override
  void setWord(long word) {
    shard.setWord(index, word);
  }

  @Override
  boolean childless() {
    return leavesHere == 0;
  }
}
