package io.ashlar.store.map;

/**
 * 4 GiB of a volume: always in memory, and written as a whole with every checkpoint. Of each of its
 * 64 nodes the highest version below, and the word.
 */
public final class Shard {
  static final int MIDS_SHIFT = 6;
  public static final int MIDS = 1 << MIDS_SHIFT;

  /** Blocks of a shard, as a power of two. */
  static final int BLOCKS_SHIFT =
      io.ashlar.model.Blocks.EXTENT_SHIFT + Mid.LEAVES_SHIFT + MIDS_SHIFT;

  private final int number;
  private final long[] versions = new long[MIDS];
  private final long[] words = new long[MIDS];
  private final Mid[] mids = new Mid[MIDS];

  public Shard(int number) {
    this.number = number;
  }

  /** Without what is in memory below it. */
  Shard copy() {
    Shard copy = new Shard(number);
    System.arraycopy(versions, 0, copy.versions, 0, MIDS);
    System.arraycopy(words, 0, copy.words, 0, MIDS);
    return copy;
  }

  public int number() {
    return number;
  }

  long firstMid() {
    return (long) number << MIDS_SHIFT;
  }

  public long version(int i) {
    return versions[i];
  }

  public long word(int i) {
    return words[i];
  }

  public void setVersion(int i, long version) {
    versions[i] = version;
  }

  public void setWord(int i, long word) {
    words[i] = word;
  }

  Mid mid(int i) {
    return mids[i];
  }

  void attach(Mid mid) {
    mids[mid.index] = mid;
  }

  void detach(Mid mid) {
    mids[mid.index] = null;
  }
}
