package io.ashlar.model;

import static io.ashlar.model.Invariants.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongPredicate;

/**
 * Which disk of its node's pool has which shard of a replica: a table that is kept with the
 * replica's small state on every disk of the pool. Of several tables the one with the highest
 * sequence counts, as a whole. Immutable.
 *
 * <p>A shard is nowhere before its first write. It is <i>fresh</i> if it was placed anew because
 * its disk was gone: until a join that began after that it lacks what was there.
 */
public final class Spread {
  /** Shards of one replica at most; the last one takes everything behind it. */
  public static final int SHARDS_MAX = 3072;

  /** Disks that a table can name. */
  public static final int DISKS_MAX = 14;

  /** A volume may grow to so many times its first size before its last shard gets larger. */
  private static final int GROWTH = 8;

  /** Of a replica that is not in a pool: everything is on the disk that is asked. */
  public static final Spread NONE = new Spread(0, 0, List.of(), new byte[0]);

  private static final int SLOT_MASK = 0x0F;
  private static final int NOWHERE = 0;
  private static final int LOST = 0x0F;
  private static final int FRESH = 0x10;

  private final long sequence;
  private final int shardShift;
  private final List<Long> disks;
  private final byte[] shards;

  /**
   * @param shardShift binary logarithm of a shard's blocks
   * @param disks ids of the disks that shards name
   * @param shards for each of the first shards: bits 0-3 0 nowhere, 15 on a disk that will not come
   *     back, else number of its disk in the list, from 1; bit 4 fresh
   */
  public Spread(long sequence, int shardShift, List<Long> disks, byte[] shards) {
    this.sequence = sequence;
    this.shardShift = shardShift;
    this.disks = List.copyOf(disks);
    this.shards = shards.clone();
    if (disks.size() > DISKS_MAX || shards.length > SHARDS_MAX || shardShift < 0) {
      throw new IllegalArgumentException(
          "a spread of " + shards.length + " shards over " + disks.size() + " disks");
    }
    for (byte shard : shards) {
      int slot = shard & SLOT_MASK;
      if (slot > disks.size() && slot != LOST) {
        throw new IllegalArgumentException("a shard on disk " + slot + " of " + disks.size());
      }
    }
  }

  /** Of a new replica: nothing is placed. Shards of larger volumes are larger. */
  public static Spread blank(int shardShift, long sizeBytes) {
    long blocks = sizeBytes >>> Blocks.BLOCK_SHIFT;
    int shift = shardShift;
    while ((blocks >>> shift) * GROWTH > SHARDS_MAX) {
      shift++;
    }
    return new Spread(0, shift, List.of(), new byte[0]);
  }

  public long sequence() {
    return sequence;
  }

  public int shardShift() {
    return shardShift;
  }

  public List<Long> disks() {
    return disks;
  }

  /** As the constructor takes it; a copy. */
  public byte[] shards() {
    return shards.clone();
  }

  /** Number of the shards that the table tells of; all behind them are nowhere. */
  public int shardCount() {
    return shards.length;
  }

  public int shardOf(long block) {
    return (int) Math.min(block >>> shardShift, SHARDS_MAX - 1);
  }

  public long firstBlock(int shard) {
    return (long) shard << shardShift;
  }

  public long endBlock(int shard) {
    return shard == SHARDS_MAX - 1
        ? Blocks.VOLUME_BYTES_MAX >>> Blocks.BLOCK_SHIFT
        : (shard + 1L) << shardShift;
  }

  /** False if the shard is nowhere yet. */
  public boolean isPlaced(int shard) {
    return value(shard) != NOWHERE;
  }

  /** Index of the shard's disk in {@link #disks}; -1 if it is nowhere, or lost for good. */
  public int slot(int shard) {
    int value = value(shard);
    return value == LOST ? -1 : value - 1;
  }

  private int value(int shard) {
    return shard < shards.length ? shards[shard] & SLOT_MASK : NOWHERE;
  }

  /** Whether the disk has this shard. */
  public boolean isOn(int shard, long disk) {
    int slot = slot(shard);
    return slot >= 0 && disks.get(slot) == disk;
  }

  /** The first shard on the disk, if it has any. */
  public OptionalInt firstOn(long disk) {
    for (int shard = 0; shard < shards.length; shard++) {
      if (isOn(shard, disk)) {
        return OptionalInt.of(shard);
      }
    }
    return OptionalInt.empty();
  }

  public int countOn(long disk) {
    int count = 0;
    for (int shard = 0; shard < shards.length; shard++) {
      count += isOn(shard, disk) ? 1 : 0;
    }
    return count;
  }

  /** Whether every placed shard is on a disk that is there. */
  public boolean isComplete(LongPredicate isThere) {
    for (int shard = 0; shard < shards.length; shard++) {
      if (isMissing(shard, isThere)) {
        return false;
      }
    }
    return true;
  }

  private boolean isMissing(int shard, LongPredicate isThere) {
    int slot = slot(shard);
    return isPlaced(shard) && (slot < 0 || !isThere.test(disks.get(slot)));
  }

  /** First and end block of each range of fresh shards, ascending. */
  public List<long[]> fresh() {
    List<long[]> ranges = new ArrayList<>();
    for (int shard = 0; shard < shards.length; shard++) {
      if ((shards[shard] & FRESH) != 0) {
        long[] last = ranges.isEmpty() ? null : ranges.getLast();
        if (last != null && last[1] == firstBlock(shard)) {
          last[1] = endBlock(shard);
        } else {
          ranges.add(new long[] {firstBlock(shard), endBlock(shard)});
        }
      }
    }
    return ranges;
  }

  // ---- changes

  public Spread withSequence(long next) {
    return new Spread(next, shardShift, disks, shards);
  }

  /**
   * Names these disks too, and no other one that has no shard. If these are too many, what is on
   * the first of the others is lost for good.
   *
   * @param present disks that are there; {@link #DISKS_MAX} at most
   */
  public Spread naming(List<Long> present) {
    check(present.size() <= DISKS_MAX, "%s disks, and %s at most", present, DISKS_MAX);
    List<Long> named = new ArrayList<>();
    for (long disk : disks) {
      if (countOn(disk) > 0 || present.contains(disk)) {
        named.add(disk);
      }
    }
    for (long disk : present) {
      if (!named.contains(disk)) {
        named.add(disk);
      }
    }
    if (named.size() > DISKS_MAX) {
      named.removeAll(present);
      return lost(named.getFirst()).naming(present);
    }
    byte[] next = new byte[shards.length];
    for (int shard = 0; shard < shards.length; shard++) {
      int slot = slot(shard);
      int value = slot < 0 ? value(shard) : named.indexOf(disks.get(slot)) + 1;
      next[shard] = (byte) (value | (shards[shard] & FRESH));
    }
    return new Spread(sequence, shardShift, named, next);
  }

  /** The shard is on this disk from now on, which the table names. */
  public Spread placed(int shard, long disk) {
    check(disks.contains(disk), "disk %s is not one of %s", disk, disks);
    byte[] next = Arrays.copyOf(shards, Math.max(shards.length, shard + 1));
    next[shard] = (byte) (disks.indexOf(disk) + 1 | (next[shard] & FRESH));
    return new Spread(sequence, shardShift, disks, next);
  }

  /** What is on disks that are not there is nowhere now, and fresh. */
  public Spread refreshed(LongPredicate isThere) {
    byte[] next = shards.clone();
    for (int shard = 0; shard < next.length; shard++) {
      if (isMissing(shard, isThere)) {
        next[shard] = NOWHERE | FRESH;
      }
    }
    return new Spread(sequence, shardShift, disks, next);
  }

  /** Nothing is fresh any more. */
  public Spread settled() {
    byte[] next = shards.clone();
    for (int shard = 0; shard < next.length; shard++) {
      next[shard] &= SLOT_MASK;
    }
    return new Spread(sequence, shardShift, disks, next);
  }

  /** What this disk had is lost for good. */
  public Spread lost(long disk) {
    byte[] next = shards.clone();
    for (int shard = 0; shard < next.length; shard++) {
      if (isOn(shard, disk)) {
        next[shard] = (byte) (LOST | (next[shard] & FRESH));
      }
    }
    return new Spread(sequence, shardShift, disks, next);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Spread that
        && sequence == that.sequence
        && shardShift == that.shardShift
        && disks.equals(that.disks)
        && Arrays.equals(shards, that.shards);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(sequence) * 31 + Arrays.hashCode(shards);
  }

  @Override
  public String toString() {
    return sequence + " " + disks + " " + Arrays.toString(shards);
  }
}
