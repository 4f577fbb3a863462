package io.ashlar.store.map;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Blocks.EXTENT_SHIFT;
import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockSeal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * The map of one replica as of the last applied entry of the log: a tree of three levels with fixed
 * places, {@link Shard}, {@link Mid} and {@link Leaf}. The methods here need what they touch to be
 * in memory ({@link MapCache#hold}); only {@link #assign} creates it where it can.
 */
public final class VolumeMap {
  /** Extents that a node above leaves tells of. */
  public static final int EXTENTS_IN_NODE = Mid.LEAVES;

  private static final int MID_BLOCKS_SHIFT = EXTENT_SHIFT + Mid.LEAVES_SHIFT;

  private final MapCache cache;
  private final int replica;
  private final TreeMap<Integer, Shard> shards = new TreeMap<>();
  private long mappedBlocks;
  private long highestVersion;
  private long letGo;
  private long storedUnits;
  private boolean sealed;

  /**
   * @param replica its number on this disk
   */
  public VolumeMap(MapCache cache, int replica) {
    this.cache = cache;
    this.replica = replica;
  }

  int replica() {
    return replica;
  }

  /** Blocks that hold data. */
  public long mappedBlocks() {
    return mappedBlocks;
  }

  /**
   * What the data takes on the disk, in units of 16 bytes; what was trimmed or deleted as a whole
   * counts until the reclaimer has been there.
   */
  public long storedUnits() {
    return storedUnits;
  }

  /** Whether any block was ever sealed. */
  boolean sealed() {
    return sealed;
  }

  /** Data that was trimmed as a whole has been let go of. */
  public void reclaimed(int units) {
    storedUnits -= units;
  }

  /** The highest version ever applied. */
  public long highestVersion() {
    return highestVersion;
  }

  /** Tombstones up to this version are as good as unmapped. */
  public long letGo() {
    return letGo;
  }

  public void letGo(long upToVersion) {
    letGo = Math.max(letGo, upToVersion);
  }

  /** What a checkpoint has kept. */
  public void restore(FrozenMaps.FrozenMap kept) {
    mappedBlocks = kept.mappedBlocks();
    highestVersion = kept.highestVersion();
    letGo = kept.letGo();
    storedUnits = kept.storedUnits();
    sealed = kept.sealed();
    shards.putAll(kept.shards());
  }

  public Collection<Shard> shards() {
    return shards.values();
  }

  // ---- where things are

  static int indexInMid(long extent) {
    return (int) extent & (Mid.LEAVES - 1);
  }

  Shard shard(long midNumber) {
    return shards.get((int) (midNumber >>> Shard.MIDS_SHIFT));
  }

  Shard shardForWrite(long midNumber) {
    return shards.computeIfAbsent((int) (midNumber >>> Shard.MIDS_SHIFT), Shard::new);
  }

  static int indexInShard(long midNumber) {
    return (int) midNumber & (Shard.MIDS - 1);
  }

  /** The node above this extent if it is in memory, else null. */
  Mid mid(long extent) {
    long number = extent >>> Mid.LEAVES_SHIFT;
    Shard shard = shard(number);
    return shard == null ? null : shard.mid(indexInShard(number));
  }

  Leaf leaf(long extent) {
    Mid mid = mid(extent);
    return mid == null ? null : mid.leaf(indexInMid(extent));
  }

  /** Word of the node above this extent. */
  public long midWord(long extent) {
    long number = extent >>> Mid.LEAVES_SHIFT;
    Shard shard = shard(number);
    return shard == null ? NodeWord.NONE : shard.word(indexInShard(number));
  }

  /** First extent of a node above leaves. */
  public static long firstExtentOf(long mid) {
    return mid << Mid.LEAVES_SHIFT;
  }

  /** Which node above leaves the extent is in. */
  public static long midOf(long extent) {
    return extent >>> Mid.LEAVES_SHIFT;
  }

  /** How many extents from this one on are tombstones of one version by one word; 0 if not so. */
  public long wholeTombstones(long extent) {
    boolean whole = mid(extent) == null && midWord(extent) == NodeWord.TOMBSTONES;
    return whole ? ((midOf(extent) + 1) << Mid.LEAVES_SHIFT) - extent : 0;
  }

  public long midVersion(long extent) {
    long number = extent >>> Mid.LEAVES_SHIFT;
    Shard shard = shard(number);
    return shard == null ? 0 : shard.version(indexInShard(number));
  }

  /** Word of this extent's leaf; the node above is in memory, or is none. */
  public long leafWord(long extent) {
    Mid mid = mid(extent);
    return mid == null ? midWord(extent) : mid.word(indexInMid(extent));
  }

  /** At least the version of every block ever applied in the extent. */
  public long extentVersion(long extent) {
    Mid mid = mid(extent);
    return mid == null ? midVersion(extent) : mid.version(indexInMid(extent));
  }

  /** Blocks {@code first} to {@code end} - 1. */
  public record Range(long first, long end) {}

  /**
   * The parts of a range, of one node above leaves each, in which there may be a block with a
   * version above this one; all others need not be looked at.
   */
  public List<Range> maybeAbove(long firstBlock, long endBlock, long version) {
    List<Range> found = new ArrayList<>();
    MapWalk.over(
        firstBlock,
        endBlock,
        (first, end) -> {
          if (midVersion(first >>> EXTENT_SHIFT) > version) {
            found.add(new Range(first, end));
          }
        });
    return found;
  }

  /**
   * First extent at or after this one that may have a version above: it has, if the node above is
   * in memory or says so of all its extents; -1 if there is none.
   */
  public long nextExtentAbove(long version, long fromExtent) {
    long extent = fromExtent;
    while (true) {
      long mid = extent >>> Mid.LEAVES_SHIFT;
      Integer shardNumber = shards.ceilingKey((int) (mid >>> Shard.MIDS_SHIFT));
      if (shardNumber == null) {
        return -1;
      }
      Shard shard = shards.get(shardNumber);
      if (shard.firstMid() > mid) {
        mid = shard.firstMid();
        extent = mid << Mid.LEAVES_SHIFT;
      }
      if (shard.version(indexInShard(mid)) > version && extentOrLater(extent, version) >= 0) {
        return extentOrLater(extent, version);
      }
      extent = (mid + 1) << Mid.LEAVES_SHIFT;
    }
  }

  /** Within one node. */
  private long extentOrLater(long extent, long version) {
    Mid mid = mid(extent);
    if (mid == null) {
      return extent;
    }
    for (int i = indexInMid(extent); i < Mid.LEAVES; i++) {
      if (mid.version(i) > version) {
        return mid.firstExtent() + i;
      }
    }
    return -1;
  }

  // ---- reading

  /**
   * Of the block's data: {@link Place#NONE} if it has none, {@link Place#LOST} if that was lost.
   */
  public long place(long block) {
    long extent = block >>> EXTENT_SHIFT;
    Leaf leaf = leaf(extent);
    if (leaf != null) {
      return leaf.place(inLeaf(block));
    }
    return leafWord(extent) == NodeWord.LOST ? Place.LOST : Place.NONE;
  }

  /** Null if the block is stored as it is, or has no data. */
  public BlockSeal seal(long block) {
    Leaf leaf = leaf(block >>> EXTENT_SHIFT);
    return leaf == null ? null : leaf.seal(inLeaf(block));
  }

  /** Nobody knows what the block holds, because a node of the map was damaged. */
  public boolean isLost(long block) {
    return place(block) == Place.LOST;
  }

  public int crc(long block) {
    Leaf leaf = leaf(block >>> EXTENT_SHIFT);
    return leaf == null ? 0 : leaf.crc(inLeaf(block));
  }

  /** Version of the block's data or tombstone; 0 if it is unmapped. */
  public long version(long block) {
    long extent = block >>> EXTENT_SHIFT;
    Leaf leaf = leaf(extent);
    if (leaf != null) {
      long version = leaf.version(inLeaf(block));
      return leaf.page(inLeaf(block)) == 0 && version <= letGo ? 0 : version;
    }
    long word = leafWord(extent);
    check(!NodeWord.isNode(word), "block %s was looked up before its map was loaded", block);
    long version = word == NodeWord.TOMBSTONES ? extentVersion(extent) : 0;
    return version <= letGo ? 0 : version;
  }

  private static int inLeaf(long block) {
    return (int) block & (EXTENT_BLOCKS - 1);
  }

  /** Has these blocks' map in memory by blocking reads: for opening a disk, and for tests. */
  public void loadNow(long firstBlock, long endBlock) {
    for (long extent = firstBlock >>> EXTENT_SHIFT;
        extent <= (endBlock - 1) >>> EXTENT_SHIFT;
        extent++) {
      if (mid(extent) == null && NodeWord.isNode(midWord(extent))) {
        cache.midNow(this, extent);
      }
      if (leaf(extent) == null && NodeWord.isNode(leafWord(extent))) {
        cache.leafNow(this, extent);
      }
    }
  }

  /** Told of every block of a shard that is not unmapped. */
  public interface BlockVisitor {
    void block(long block, long version, long place);
  }

  /** Goes through a shard by blocking reads: for looking at a disk. */
  public void visitNow(int shardNumber, BlockVisitor visitor) {
    Shard shard = shards.get(shardNumber);
    for (int i = 0; i < Shard.MIDS; i++) {
      long firstExtent = firstExtentOf(shard.firstMid() + i);
      if (shard.mid(i) != null || NodeWord.isNode(shard.word(i))) {
        for (int extent = 0; extent < EXTENTS_IN_NODE; extent++) {
          visitExtent(firstExtent + extent, visitor);
        }
      }
    }
  }

  private void visitExtent(long extent, BlockVisitor visitor) {
    long first = extent << EXTENT_SHIFT;
    loadNow(first, first + 1);
    for (long block = first; block < first + EXTENT_BLOCKS; block++) {
      if (version(block) != 0 || place(block) != 0) {
        visitor.block(block, version(block), place(block));
      }
    }
  }

  // ---- changing

  /** The block's data is here now; {@code seal} is null if it is stored as it is. */
  public void put(long block, long version, long place, int crc, BlockSeal seal) {
    long extent = block >>> EXTENT_SHIFT;
    Leaf leaf = leafForWrite(extent);
    cache.modify(leaf);
    if (seal != null) {
      sealed = true;
      if (!leaf.wide()) {
        cache.widen(leaf);
      }
    }
    int i = inLeaf(block);
    if (leaf.page(i) == 0) {
      mappedBlocks++;
    }
    gone(leaf, i);
    leaf.set(i, version, place, crc, seal);
    live(leaf, i, 1);
    raise(leaf.mid, leaf.index, version);
  }

  private void gone(Leaf leaf, int i) {
    if (Place.isData(leaf.place(i))) {
      live(leaf, i, -1);
    }
  }

  private void live(Leaf leaf, int i, int sign) {
    int units = sign * leaf.liveUnits(i);
    storedUnits += units;
    cache.store().blockLive(leaf.page(i), units);
  }

  /** The block's data has moved, unless it is not there any more; all else is as it was. */
  public boolean move(long block, long from, long to) {
    Leaf leaf = leafForWrite(block >>> EXTENT_SHIFT);
    int i = inLeaf(block);
    if (leaf.place(i) != from) {
      return false;
    }
    cache.modify(leaf);
    live(leaf, i, -1);
    leaf.move(i, to);
    live(leaf, i, 1);
    return true;
  }

  /** The same when the log is read again, which does not say where the data was. */
  public boolean moveVersion(long block, long version, long to) {
    Leaf leaf = leafForWrite(block >>> EXTENT_SHIFT);
    long from = leaf.place(inLeaf(block));
    return Place.isData(from) && leaf.version(inLeaf(block)) == version && move(block, from, to);
  }

  /** A leaf that was not known to hold lost blocks does, instead of what its word said. */
  void lost(Leaf leaf, long word) {
    leaf.lose();
    mappedBlocks += EXTENT_BLOCKS - NodeWord.mappedBlocks(word);
    cache.modify(leaf);
  }

  /** All that is known of a node above leaves is the version in the shard. */
  void lost(Mid mid, long word) {
    mid.fill(mid.shard.version(mid.index), NodeWord.LOST);
    mappedBlocks -= NodeWord.mappedBlocks(word);
    cache.modify(mid);
  }

  private Leaf leafForWrite(long extent) {
    Leaf leaf = leaf(extent);
    return leaf != null ? leaf : cache.leafNow(this, extent);
  }

  private void raise(Mid mid, int index, long version) {
    if (version > mid.version(index) && mid.word(index) == NodeWord.TOMBSTONES) {
      // The word's tombstones have the extent's version: from now on they need a leaf of their own.
      cache.modify(cache.leafNow(this, mid.firstExtent() + index));
    }
    note(mid, index, version);
  }

  private void note(Mid mid, int index, long version) {
    if (version > mid.version(index)) {
      cache.modify(mid);
      mid.setVersion(index, version);
    }
    if (version > mid.shard.version(mid.index)) {
      mid.shard.setVersion(mid.index, version);
    }
    highestVersion = Math.max(highestVersion, version);
  }

  /** The extents have at least this version. */
  public void raise(long firstExtent, long endExtent, long version) {
    for (long extent = firstExtent; extent < endExtent; extent++) {
      Mid mid = mid(extent);
      raise(mid != null ? mid : cache.midNow(this, extent), indexInMid(extent), version);
    }
  }

  /**
   * All blocks of the range become tombstones of this version, or unmapped if it is 0. Whole nodes
   * are not looked into: their words say it, and what they pointed at is reclaimed later.
   */
  public void assign(long first, long end, long version) {
    long block = first;
    while (block < end) {
      long midEnd = ((block >>> MID_BLOCKS_SHIFT) + 1) << MID_BLOCKS_SHIFT;
      long until = Math.min(end, midEnd);
      boolean whole = until - block == 1L << MID_BLOCKS_SHIFT;
      if (!whole || !assignMid(block >>> EXTENT_SHIFT, version)) {
        assignInMid(block, until, version);
      }
      block = until;
    }
    highestVersion = Math.max(highestVersion, version);
  }

  /** A whole node that is not in memory; false if its extents have to be looked at. */
  private boolean assignMid(long firstExtent, long version) {
    if (mid(firstExtent) != null || !fitsWhole(firstExtent, version)) {
      return false;
    }
    long number = firstExtent >>> Mid.LEAVES_SHIFT;
    long word = midWord(firstExtent);
    if (word == NodeWord.NONE && version == 0) {
      return true;
    }
    letGoOf(new DeadNode(replica, false, sealed, number, word));
    Shard shard = shardForWrite(number);
    shard.setWord(indexInShard(number), NodeWord.TOMBSTONES);
    shard.setVersion(indexInShard(number), version);
    return true;
  }

  /** Whether a range may be noted in the word of a whole node, as far as versions go. */
  boolean fitsWhole(long firstExtent, long version) {
    return version == 0
        ? midWord(firstExtent) == NodeWord.NONE
        : version >= midVersion(firstExtent);
  }

  private void letGoOf(DeadNode node) {
    if (NodeWord.isNode(node.word())) {
      mappedBlocks -= NodeWord.mappedBlocks(node.word());
      cache.store().reclaim(node);
    }
  }

  private void assignInMid(long first, long end, long version) {
    long extent = first >>> EXTENT_SHIFT;
    Mid mid = mid(extent) != null ? mid(extent) : cache.midNow(this, extent);
    cache.modify(mid);
    for (long block = first; block < end; ) {
      extent = block >>> EXTENT_SHIFT;
      long until = Math.min(end, (extent + 1) << EXTENT_SHIFT);
      assignInExtent(mid, block, until, version);
      note(mid, indexInMid(extent), version);
      block = until;
    }
  }

  private void assignInExtent(Mid mid, long first, long end, long version) {
    long extent = first >>> EXTENT_SHIFT;
    int index = indexInMid(extent);
    Leaf leaf = mid.leaf(index);
    boolean whole = end - first == EXTENT_BLOCKS;
    if (leaf == null && whole) {
      letGoOf(new DeadNode(replica, true, sealed, extent, mid.word(index)));
      mid.setWord(index, NodeWord.NONE);
      if (version == 0) {
        return;
      }
      if (version >= mid.version(index)) {
        mid.setWord(index, NodeWord.TOMBSTONES);
        return;
      }
    }
    Leaf filled = leaf != null ? leaf : cache.leafNow(this, extent);
    cache.modify(filled);
    for (long block = first; block < end; block++) {
      if (filled.page(inLeaf(block)) != 0) {
        mappedBlocks--;
      }
      gone(filled, inLeaf(block));
      filled.set(inLeaf(block), version, 0, 0);
    }
  }

  /**
   * Has a node written anew if it lies there; it, or the node above a leaf, is held in memory, or
   * is not there any more.
   *
   * @param above not a leaf
   * @param number which one of its level
   * @return whether it lies there
   */
  public boolean rewriteIfAt(boolean above, long number, int place, int offsetBytes) {
    Node node = nodeAt(above, number, place, offsetBytes);
    if (node != null) {
      cache.modify(node);
    }
    return node != null;
  }

  /** Whether a node lies there, under the same conditions. */
  public boolean isAt(boolean above, long number, int place, int offsetBytes) {
    return nodeAt(above, number, place, offsetBytes) != null;
  }

  private Node nodeAt(boolean above, long number, int place, int offsetBytes) {
    long extent = above ? firstExtentOf(number) : number;
    Mid mid = mid(extent);
    Node node = above || mid == null ? mid : mid.leaf(indexInMid(extent));
    boolean there =
        node != null
            && node.isLeaf() != above
            && NodeWord.place(node.word()) == place
            && NodeWord.offsetBytes(node.word()) == offsetBytes;
    return there ? node : null;
  }

  /** The replica is deleted: nothing of it is live any more. */
  public void drop() {
    for (Shard shard : shards.values()) {
      for (int i = 0; i < Shard.MIDS; i++) {
        Mid mid = shard.mid(i);
        if (mid == null) {
          letGoOf(new DeadNode(replica, false, sealed, shard.firstMid() + i, shard.word(i)));
        } else {
          drop(mid);
        }
      }
    }
    shards.clear();
    mappedBlocks = 0;
  }

  private void drop(Mid mid) {
    for (int i = 0; i < Mid.LEAVES; i++) {
      Leaf leaf = mid.leaf(i);
      if (leaf == null) {
        letGoOf(new DeadNode(replica, true, sealed, mid.firstExtent() + i, mid.word(i)));
      } else {
        for (int block = 0; block < EXTENT_BLOCKS; block++) {
          gone(leaf, block);
        }
        drop((Node) leaf);
      }
    }
    drop((Node) mid);
  }

  private void drop(Node node) {
    if (NodeWord.isNode(node.word())) {
      cache.store().nodeLive(node.word(), -1);
    }
    cache.forget(node);
  }
}
