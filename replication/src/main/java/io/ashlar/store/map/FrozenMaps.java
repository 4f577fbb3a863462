package io.ashlar.store.map;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The maps as they were when a checkpoint began. Nodes that are changed before they are written
 * leave an image of how they were; leaves are written first, then, with the words that this gave,
 * the nodes above them. Loop thread only.
 */
public final class FrozenMaps {
  /** What lives where on the disk, as the checkpoint sees it. */
  public interface LiveTable {
    void nodeLive(long word, int sign);
  }

  /** One replica's map as it was. */
  public record FrozenMap(
      int replica,
      long mappedBlocks,
      long highestVersion,
      long letGo,
      long storedUnits,
      boolean sealed,
      SortedMap<Integer, Shard> shards) {}

  private final LiveTable live;
  private final TreeMap<Integer, FrozenMap> maps = new TreeMap<>();
  private final ArrayDeque<Node> leaves = new ArrayDeque<>();
  private final ArrayDeque<Node> mids = new ArrayDeque<>();
  private int outstanding;

  FrozenMaps(Iterable<VolumeMap> all, LiveTable live) {
    this.live = live;
    for (VolumeMap map : all) {
      TreeMap<Integer, Shard> shards = new TreeMap<>();
      map.shards().forEach(shard -> shards.put(shard.number(), shard.copy()));
      maps.put(
          map.replica(),
          new FrozenMap(
              map.replica(),
              map.mappedBlocks(),
              map.highestVersion(),
              map.letGo(),
              map.storedUnits(),
              map.sealed(),
              shards));
    }
  }

  /** By the number of their replica. */
  public Map<Integer, FrozenMap> maps() {
    return maps;
  }

  void add(Node node) {
    (node.isLeaf() ? leaves : mids).add(node);
  }

  /** Keeps how the node is now. */
  static void keep(Node node) {
    if (node instanceof Leaf leaf) {
      NodeBuffer bytes =
          new NodeBuffer(NodeWrite.littleEndian(new byte[NodeCodec.LEAF_BYTES_MAX]), 1);
      int length = NodeWrite.encoded(leaf, bytes.bytes(), 0);
      leaf.frozen = new byte[length];
      bytes.bytes().get(0, leaf.frozen);
      leaf.frozenMapped = leaf.mappedBlocks();
    } else {
      node.frozen = new byte[Mid.SLOT_BYTES];
      node.memory.get(node.base, node.frozen);
    }
  }

  /** Puts the next nodes into the buffer; none: others have to be written first, or all are. */
  public List<NodeWrite> take(NodeBuffer into) {
    List<NodeWrite> writes = new ArrayList<>();
    takeFrom(leaves, NodeCodec.LEAF_BYTES_MAX, into, writes);
    if (leaves.isEmpty() && writes.isEmpty() && outstanding == 0) {
      takeFrom(mids, NodeCodec.MID_BYTES_MAX, into, writes);
    }
    outstanding += writes.size();
    return writes;
  }

  private static void takeFrom(
      ArrayDeque<Node> nodes, int bytesMax, NodeBuffer into, List<NodeWrite> writes) {
    while (!nodes.isEmpty() && into.hasRoom(bytesMax)) {
      Node node = nodes.poll();
      writes.add(NodeWrite.ofCheckpoint(node, into));
      node.inCheckpoint = false;
      node.frozen = null;
      node.writing = true;
    }
  }

  /** All nodes are on the disk. */
  public boolean done() {
    return leaves.isEmpty() && mids.isEmpty() && outstanding == 0;
  }

  /** Notes the new word where the checkpoint will find it. */
  void written(NodeWrite write, long word) {
    outstanding--;
    long former;
    if (write.node() instanceof Leaf leaf) {
      former = patch(leaf, word);
    } else {
      Mid mid = (Mid) write.node();
      Shard shard = maps.get(mid.map.replica()).shards().get(mid.shard.number());
      former = shard.word(mid.index);
      shard.setWord(mid.index, word);
    }
    if (NodeWord.isNode(former)) {
      live.nodeLive(former, -1);
    }
    if (NodeWord.isNode(word)) {
      live.nodeLive(word, 1);
    }
  }

  /** If the parent has no image of its own, {@link MapCache} changes the word in memory. */
  private static long patch(Leaf leaf, long word) {
    byte[] image = leaf.mid.frozen;
    if (image == null) {
      return leaf.word();
    }
    int at = leaf.index * Mid.ENTRY_BYTES + Long.BYTES;
    long former = NodeWrite.littleEndian(image).getLong(at);
    NodeWrite.littleEndian(image).putLong(at, word);
    return former;
  }
}
