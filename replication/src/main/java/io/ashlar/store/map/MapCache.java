package io.ashlar.store.map;

import static io.ashlar.model.Invariants.check;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The nodes of all maps on a disk that are in memory: loads what is asked for, lets go of what was
 * not used for long, and knows what has to be written. The budget is kept as long as nodes can be
 * written as fast as they get dirty; who wants to change something waits for that. Loop thread
 * only.
 */
public final class MapCache {
  /** What somebody is going to do with a range of blocks. */
  public enum Need {
    /** Look things up. */
    READ,
    /** Give single blocks new places. */
    WRITE,
    /** {@link VolumeMap#assign}: whole nodes need not be here. */
    ASSIGN,
    /** Change versions of extents: only the nodes above leaves. */
    RAISE,
    /** Look at the nodes above leaves. */
    ABOVE
  }

  /**
   * Told once everything is here; the hold is the caller's to release. Null: the disk has failed
   * ({@link MapCache#fail}).
   */
  public interface HoldCallback {
    void done(Hold hold);
  }

  private static final int EVICTION_TRIES = 64;

  /** Part of the budget for nodes above leaves. */
  private static final int MIDS_SHARE = 4;

  private final NodeStore store;
  private final SlotMemory leafSlots = new SlotMemory(Leaf.SLOT_BYTES);
  private final SlotMemory wideSlots = new SlotMemory(Leaf.WIDE_SLOT_BYTES);
  private final SlotMemory midSlots = new SlotMemory(Mid.SLOT_BYTES);
  private final NodeChain leaves = new NodeChain(NodeChain.BY_USE);
  private final NodeChain mids = new NodeChain(NodeChain.BY_USE);
  private final NodeChain dirtyLeaves = new NodeChain(NodeChain.DIRTY);
  private final NodeChain dirtyMids = new NodeChain(NodeChain.DIRTY);
  private final int leavesMax;
  private final long leafBytesMax;
  private final int midsMax;
  private final Map<LoadKey, Loading> loading = new HashMap<>();
  private final ArrayDeque<Acquire> waiting = new ArrayDeque<>();
  private Optional<FrozenMaps> checkpoint = Optional.empty();
  private int leavesCleaned;
  private boolean stopped;

  private record LoadKey(VolumeMap map, boolean leaf, long number) {}

  /** One node on its way into memory, and who waits for it. */
  private static final class Loading {
    final List<Acquire> waiters = new ArrayList<>();
  }

  /**
   * @param budgetBytes of memory for nodes; at least what a few operations need is taken anyway
   */
  public MapCache(NodeStore store, long budgetBytes) {
    this.store = store;
    this.midsMax = (int) Math.max(4, budgetBytes / MIDS_SHARE / Mid.SLOT_BYTES);
    this.leavesMax = (int) Math.max(16, (budgetBytes - budgetBytes / MIDS_SHARE) / Leaf.SLOT_BYTES);
    this.leafBytesMax = (long) leavesMax * Leaf.SLOT_BYTES;
  }

  NodeStore store() {
    return store;
  }

  /** Bytes of nodes in memory. */
  public long usedBytes() {
    return leafSlots.usedBytes() + wideSlots.usedBytes() + midSlots.usedBytes();
  }

  /** Most that a checkpoint has to write now. */
  public long dirtyBytes() {
    return dirtyLeaves.bytes() * NodeCodec.LEAF_BYTES_MAX_OF_SLOT / 16
        + (long) dirtyMids.size() * NodeCodec.MID_BYTES_MAX;
  }

  /** No callback comes any more. */
  public void stop() {
    stopped = true;
    waiting.clear();
    loading.clear();
  }

  /** Whoever waits for something is told that it will not come; the same for whoever asks later. */
  public void fail() {
    stopped = true;
    Set<Acquire> all = new LinkedHashSet<>(waiting);
    loading.values().forEach(load -> all.addAll(load.waiters));
    waiting.clear();
    loading.clear();
    all.forEach(Acquire::give);
  }

  // ---- having things here

  /**
   * Sees to it that what is needed of these blocks is in memory, and stays there until the hold is
   * released. Calls back inside the call if it is there already.
   *
   * @param version what {@link VolumeMap#assign} will be told; else unused
   */
  public void hold(
      VolumeMap map, long firstBlock, long endBlock, Need need, long version, HoldCallback done) {
    Acquire acquire = new Acquire(map, firstBlock, endBlock, need, version, done);
    if (need != Need.READ && (!waiting.isEmpty() || tooDirty())) {
      waiting.add(acquire);
      store.cleaningNeeded();
    } else {
      acquire.advance();
    }
  }

  /** For those who make room: they must not wait for room. */
  public void holdAtOnce(
      VolumeMap map, long firstBlock, long endBlock, Need need, HoldCallback done) {
    new Acquire(map, firstBlock, endBlock, need, 0, done).advance();
  }

  /** Has one node above leaves here, if it is on the disk; for those who make room. */
  public void holdMid(VolumeMap map, long number, HoldCallback done) {
    long first = number << Mid.LEAVES_SHIFT << io.ashlar.model.Blocks.EXTENT_SHIFT;
    new Acquire(map, first, first + 1, Need.ABOVE, 0, done).advance();
  }

  private boolean tooDirty() {
    return dirtyLeaves.bytes() > leafBytesMax / 2 || dirtyMids.size() > midsMax;
  }

  private final class Acquire {
    private final VolumeMap map;
    private final long firstBlock;
    private final long endBlock;
    private final Need need;
    private final long version;
    private final HoldCallback done;
    private final Hold hold = new Hold();
    private int missing;
    private boolean given;

    Acquire(
        VolumeMap map, long firstBlock, long endBlock, Need need, long version, HoldCallback done) {
      this.map = map;
      this.firstBlock = firstBlock;
      this.endBlock = endBlock;
      this.need = need;
      this.version = version;
      this.done = done;
    }

    /** What is here stays here from now on; what is missing is loaded, and then looked at again. */
    void advance() {
      if (stopped) {
        give();
        return;
      }
      missing = 1;
      MapWalk.over(firstBlock, endBlock, (from, until) -> look(from, until, false));
      if (--missing == 0) {
        MapWalk.over(firstBlock, endBlock, (from, until) -> look(from, until, true));
        done.done(hold);
      }
    }

    void loaded() {
      if (--missing == 0 && !stopped) {
        advance();
      }
    }

    /** What it waits for will not come. */
    void give() {
      if (!given) {
        given = true;
        hold.release();
        done.done(null);
      }
    }

    /**
     * Looks at a part of one node above leaves: holds what is here, and starts to load what is
     * missing.
     *
     * @param create nothing is missing: what is not on the disk either is made
     */
    private void look(long from, long until, boolean create) {
      long extent = MapWalk.extent(from);
      Mid mid = map.mid(extent);
      if (mid == null) {
        boolean whole = MapWalk.isWholeMid(from, until);
        if (need == Need.ASSIGN && whole && map.fitsWhole(extent, version)) {
          return;
        }
        if (NodeWord.isNode(map.midWord(extent))) {
          want(false, extent >>> Mid.LEAVES_SHIFT, map.midWord(extent));
          return;
        }
        if (need == Need.READ || need == Need.ABOVE || !create) {
          return;
        }
        mid = midNow(map, extent);
      }
      mids.touch(mid);
      hold.add(mid);
      if (need == Need.RAISE || need == Need.ABOVE) {
        return;
      }
      long block = from;
      while (block < until) {
        long end = Math.min(until, MapWalk.endOfExtent(block));
        lookAtLeaf(mid, block, end, create);
        block = end;
      }
    }

    private void lookAtLeaf(Mid mid, long from, long until, boolean create) {
      long extent = MapWalk.extent(from);
      Leaf leaf = mid.leaf(VolumeMap.indexInMid(extent));
      if (leaf == null) {
        long word = mid.word(VolumeMap.indexInMid(extent));
        if (need == Need.ASSIGN && MapWalk.isWholeExtent(from, until)) {
          return;
        }
        if (NodeWord.isNode(word)) {
          want(true, extent, word);
          return;
        }
        if (need == Need.READ || !create) {
          return;
        }
        leaf = leafNow(map, extent);
      }
      leaves.touch(leaf);
      hold.add(leaf);
    }

    private void want(boolean leaf, long number, long word) {
      missing++;
      LoadKey key = new LoadKey(map, leaf, number);
      Loading known = loading.get(key);
      if (known == null) {
        known = new Loading();
        loading.put(key, known);
        store.readNode(word, bytes -> arrived(key, word, bytes));
      }
      known.waiters.add(this);
    }
  }

  private void arrived(LoadKey key, long word, ByteBuffer bytes) {
    Loading done = loading.remove(key);
    if (stopped || done == null) {
      return;
    }
    if (!isStillThere(key, word)) {
      // It was written anew, trimmed or created meanwhile: they look again.
      List.copyOf(done.waiters).forEach(Acquire::loaded);
      return;
    }
    Node node = key.leaf ? newLeaf(key.map, key.number) : newMid(key.map, midExtent(key.number));
    take(key, word, node, bytes);
    node.pins++;
    shrink();
    List.copyOf(done.waiters).forEach(Acquire::loaded);
    node.pins--;
  }

  private static long midExtent(long number) {
    return number << Mid.LEAVES_SHIFT;
  }

  private static boolean isStillThere(LoadKey key, long word) {
    if (!key.leaf) {
      long extent = midExtent(key.number);
      return key.map.mid(extent) == null && key.map.midWord(extent) == word;
    }
    Mid mid = key.map.mid(key.number);
    return mid != null
        && mid.leaf(VolumeMap.indexInMid(key.number)) == null
        && mid.word(VolumeMap.indexInMid(key.number)) == word;
  }

  /** What the node told of is lost, and can be written anew; everything else is as it was. */
  private void lost(LoadKey key, long word, Node node) {
    if (node instanceof Leaf leaf) {
      key.map.lost(leaf, word);
    } else {
      key.map.lost((Mid) node, word);
    }
    store.nodeLost(new LostNode(key.map.replica(), key.leaf, key.number, NodeWord.place(word)));
  }

  private static boolean decode(ByteBuffer bytes, Node node) {
    return node instanceof Leaf leaf
        ? NodeCodec.decode(bytes, leaf)
        : NodeCodec.decode(bytes, (Mid) node);
  }

  private Leaf newLeaf(VolumeMap map, long extent) {
    Leaf leaf =
        new Leaf(map.mid(extent), VolumeMap.indexInMid(extent), leafSlots, leafSlots.take());
    leaf.mid.attach(leaf);
    leaves.add(leaf);
    return leaf;
  }

  private Mid newMid(VolumeMap map, long extent) {
    long number = extent >>> Mid.LEAVES_SHIFT;
    Shard shard = map.shardForWrite(number);
    Mid mid = new Mid(map, shard, VolumeMap.indexInShard(number), midSlots, midSlots.take());
    shard.attach(mid);
    mids.add(mid);
    return mid;
  }

  /** The leaf, read by a blocking call if it is on the disk; created if it is not. */
  Leaf leafNow(VolumeMap map, long extent) {
    Mid mid = map.mid(extent) != null ? map.mid(extent) : midNow(map, extent);
    Leaf leaf = mid.leaf(VolumeMap.indexInMid(extent));
    if (leaf != null) {
      return leaf;
    }
    long word = mid.word(VolumeMap.indexInMid(extent));
    leaf = newLeaf(map, extent);
    if (NodeWord.isNode(word)) {
      readNow(new LoadKey(map, true, extent), word, leaf);
    } else if (word == NodeWord.LOST) {
      map.lost(leaf, word);
    } else {
      leaf.fill(word == NodeWord.TOMBSTONES ? mid.version(leaf.index) : 0);
    }
    keeping(leaf);
    return leaf;
  }

  Mid midNow(VolumeMap map, long extent) {
    Mid mid = map.mid(extent);
    if (mid != null) {
      return mid;
    }
    long word = map.midWord(extent);
    mid = newMid(map, extent);
    if (NodeWord.isNode(word)) {
      readNow(new LoadKey(map, false, extent >>> Mid.LEAVES_SHIFT), word, mid);
    } else {
      boolean tombstones = word == NodeWord.TOMBSTONES;
      mid.fill(tombstones ? map.midVersion(extent) : 0, word);
    }
    keeping(mid);
    return mid;
  }

  private void readNow(LoadKey key, long word, Node node) {
    store.readNodesNow(new long[] {word}, (index, bytes) -> take(key, word, node, bytes));
  }

  private void take(LoadKey key, long word, Node node, ByteBuffer bytes) {
    if (bytes != null && node instanceof Leaf leaf && NodeCodec.tellsOfSeals(bytes)) {
      widen(leaf);
    }
    if (bytes == null || !decode(bytes, node)) {
      lost(key, word, node);
    }
  }

  /**
   * Extents whose leaves are going to be needed, at most as many as can be in memory together with
   * the nodes above them.
   */
  public final class Wanted {
    private final Set<LoadKey> leavesWanted = new LinkedHashSet<>();
    private final Set<LoadKey> midsWanted = new LinkedHashSet<>();

    private Wanted() {}

    public void add(VolumeMap map, long extent) {
      leavesWanted.add(new LoadKey(map, true, extent));
      midsWanted.add(new LoadKey(map, false, extent >>> Mid.LEAVES_SHIFT));
    }

    public boolean isFull() {
      return leavesWanted.size() >= leavesMax / 4 || midsWanted.size() >= midsMax / 4;
    }
  }

  public Wanted wanted() {
    return new Wanted();
  }

  /** Reads them; blocking, for opening a disk. */
  public void loadNow(Wanted wanted) {
    Map<LoadKey, Long> above = new LinkedHashMap<>();
    for (LoadKey key : wanted.midsWanted) {
      long extent = midExtent(key.number);
      long word = key.map.midWord(extent);
      if (key.map.mid(extent) == null && NodeWord.isNode(word)) {
        above.put(key, word);
      }
    }
    readNow(above);
    Map<LoadKey, Long> here = new LinkedHashMap<>();
    for (LoadKey key : wanted.leavesWanted) {
      long word = key.map.leafWord(key.number);
      if (key.map.mid(key.number) != null
          && key.map.leaf(key.number) == null
          && NodeWord.isNode(word)) {
        here.put(key, word);
      }
    }
    readNow(here);
  }

  private void readNow(Map<LoadKey, Long> wanted) {
    LoadKey[] keys = wanted.keySet().toArray(LoadKey[]::new);
    long[] words = wanted.values().stream().mapToLong(Long::longValue).toArray();
    store.readNodesNow(
        words,
        (index, bytes) -> {
          LoadKey key = keys[index];
          Node node =
              key.leaf ? newLeaf(key.map, key.number) : newMid(key.map, midExtent(key.number));
          take(key, words[index], node, bytes);
        });
    shrink();
  }

  private void keeping(Node node) {
    node.pins++;
    shrink();
    node.pins--;
  }

  // ---- letting go

  private void shrink() {
    shrink(leaves, leafBytesMax);
    shrink(mids, (long) midsMax * Mid.SLOT_BYTES);
  }

  private void shrink(NodeChain chain, long bytesMax) {
    for (int i = 0; i < EVICTION_TRIES && chain.bytes() > bytesMax; i++) {
      Node node = chain.oldest();
      if (mayBeEvicted(node)) {
        forget(node);
      } else {
        chain.touch(node);
      }
    }
  }

  private static boolean mayBeEvicted(Node node) {
    return node.pins == 0 && !node.dirty && !node.inCheckpoint && !node.writing && node.childless();
  }

  /** The node is not in memory any more; a running checkpoint keeps what it needs of it. */
  void forget(Node node) {
    if (node.inCheckpoint && node.frozen == null) {
      FrozenMaps.keep(node);
    }
    node.dead = true;
    if (node.dirty) {
      clean(node);
    }
    if (node instanceof Leaf leaf) {
      leaf.mid.detach(leaf);
      leaves.remove(leaf);
      slotsOf(leaf).give(leaf.slot);
    } else {
      Mid mid = (Mid) node;
      mid.shard.detach(mid);
      mids.remove(mid);
      midSlots.give(mid.slot);
    }
  }

  private SlotMemory slotsOf(Leaf leaf) {
    return leaf.wide() ? wideSlots : leafSlots;
  }

  /** The leaf gets room for seals. */
  void widen(Leaf leaf) {
    int former = leaf.slot;
    leaves.remove(leaf);
    if (leaf.dirty) {
      dirtyLeaves.remove(leaf);
    }
    leaf.widen(wideSlots, wideSlots.take());
    leafSlots.give(former);
    leaves.add(leaf);
    if (leaf.dirty) {
      dirtyLeaves.add(leaf);
    }
  }

  // ---- what is to be written

  /** To be called before each change of a node. */
  void modify(Node node) {
    if (node.inCheckpoint && node.frozen == null) {
      FrozenMaps.keep(node);
    }
    if (!node.dirty) {
      node.dirty = true;
      (node.isLeaf() ? dirtyLeaves : dirtyMids).add(node);
      if (manyDirtyLeaves() || dirtyMids.size() > midsMax / 2) {
        store.cleaningNeeded();
      }
    }
  }

  /**
   * So many leaves have changed since the last checkpoint that having all of them in memory again,
   * as a start after a crash does, would take much more than the budget.
   */
  public boolean wantsCheckpoint() {
    return leavesCleaned > leavesMax;
  }

  private void clean(Node node) {
    node.dirty = false;
    (node.isLeaf() ? dirtyLeaves : dirtyMids).remove(node);
  }

  /** Whether {@link #takeToClean} has something to give. */
  public boolean needsCleaning() {
    return checkpoint.isEmpty() && (manyDirtyLeaves() || dirtyMids.size() > midsMax / 2);
  }

  private boolean manyDirtyLeaves() {
    return dirtyLeaves.bytes() > leafBytesMax / 4;
  }

  /**
   * Writes into the buffer what should be written of nodes now, to have room for others; returns
   * what was put there, in order.
   */
  public List<NodeWrite> takeToClean(NodeBuffer into) {
    List<NodeWrite> writes = new ArrayList<>();
    if (checkpoint.isPresent()) {
      return writes; // it writes them all
    }
    Node node = manyDirtyLeaves() ? dirtyLeaves.oldest() : null;
    while (node != null && into.hasRoom(NodeCodec.LEAF_BYTES_MAX)) {
      Node next = dirtyLeaves.after(node);
      take(node, into, writes);
      node = next;
    }
    node = dirtyMids.size() > midsMax / 2 ? dirtyMids.oldest() : null;
    while (node != null && into.hasRoom(NodeCodec.MID_BYTES_MAX)) {
      Node next = dirtyMids.after(node);
      take(node, into, writes);
      node = next;
    }
    return writes;
  }

  private void take(Node node, NodeBuffer into, List<NodeWrite> writes) {
    if (!node.writing) {
      NodeWrite write = NodeWrite.ofMemory(node, into);
      clean(node);
      node.writing = true;
      leavesCleaned += node.isLeaf() ? 1 : 0;
      writes.add(write);
    }
  }

  /** The node is on the disk, in a batch that is part of the log. */
  public void written(NodeWrite write, long word) {
    Node node = write.node();
    node.writing = false;
    if (write.ofCheckpoint()) {
      checkpoint.ifPresent(frozen -> frozen.written(write, word));
    }
    if (!node.dead) {
      long former = node.word();
      setWord(node, word, write.ofCheckpoint());
      if (NodeWord.isNode(former)) {
        store.nodeLive(former, -1);
      }
      if (NodeWord.isNode(word)) {
        store.nodeLive(word, 1);
      }
    }
    shrink();
    letIn();
  }

  private void setWord(Node node, long word, boolean ofCheckpoint) {
    if (node instanceof Leaf leaf && !ofCheckpoint) {
      // A checkpoint patches its own image of the parent, which stays as clean as it was.
      modify(leaf.mid);
    }
    node.setWord(word);
  }

  private void letIn() {
    while (!waiting.isEmpty() && !tooDirty()) {
      waiting.poll().advance();
    }
  }

  // ---- checkpoints

  /**
   * Everything as it is now is to be written: what changes from here on is not part of it. The
   * caller writes what the result gives out, one after the other. No node is being written now.
   *
   * @param live told what the checkpoint's nodes take and give back on the disk
   */
  public FrozenMaps freeze(Iterable<VolumeMap> maps, FrozenMaps.LiveTable live) {
    check(checkpoint.isEmpty(), "a checkpoint begins while another one runs");
    for (Node leaf = dirtyLeaves.oldest(); leaf != null; leaf = dirtyLeaves.after(leaf)) {
      modify(((Leaf) leaf).mid);
    }
    leavesCleaned = 0;
    FrozenMaps frozen = new FrozenMaps(maps, live);
    takeAll(dirtyLeaves, frozen);
    takeAll(dirtyMids, frozen);
    checkpoint = Optional.of(frozen);
    return frozen;
  }

  private void takeAll(NodeChain chain, FrozenMaps frozen) {
    while (chain.size() > 0) {
      Node node = chain.oldest();
      check(!node.writing, "a checkpoint begins while a node is written");
      clean(node);
      node.inCheckpoint = true;
      frozen.add(node);
    }
  }

  /** It is durable, or given up. */
  public void thawed() {
    checkpoint = Optional.empty();
    shrink();
    letIn();
  }
}
