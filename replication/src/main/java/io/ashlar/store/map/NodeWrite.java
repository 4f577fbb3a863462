package io.ashlar.store.map;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A node as it is being written.
 *
 * @param offsetBytes in the {@link NodeBuffer}
 * @param lengthBytes 0 if there is nothing to write: the node is empty
 */
public record NodeWrite(
    Node node, int offsetBytes, int lengthBytes, int mappedBlocks, boolean ofCheckpoint) {

  static NodeWrite ofMemory(Node node, NodeBuffer into) {
    return of(node, null, into, false);
  }

  static NodeWrite ofCheckpoint(Node node, NodeBuffer into) {
    return of(node, node.frozen, into, true);
  }

  private static NodeWrite of(Node node, byte[] frozen, NodeBuffer into, boolean ofCheckpoint) {
    return node instanceof Leaf leaf
        ? ofLeaf(leaf, frozen, into, ofCheckpoint)
        : ofMid((Mid) node, frozen, into, ofCheckpoint);
  }

  private static NodeWrite ofLeaf(Leaf leaf, byte[] frozen, NodeBuffer into, boolean ofCheckpoint) {
    int mapped = frozen == null ? leaf.mappedBlocks() : leaf.frozenMapped;
    int length;
    if (frozen != null) {
      into.bytes().put(into.end(), frozen);
      length = frozen.length;
    } else {
      length = encoded(leaf, into.bytes(), into.end());
    }
    return new NodeWrite(leaf, into.added(length), length, mapped, ofCheckpoint);
  }

  /** Length of the leaf's bytes; 0 if nothing has to be remembered of it. */
  static int encoded(Leaf leaf, ByteBuffer into, int at) {
    int length = NodeCodec.encode(leaf, leaf.map.letGo(), into, at);
    return length == NodeCodec.EMPTY_LEAF_BYTES ? 0 : length;
  }

  private static NodeWrite ofMid(Mid mid, byte[] frozen, NodeBuffer into, boolean ofCheckpoint) {
    ByteBuffer content = frozen == null ? mid.memory : littleEndian(frozen);
    int base = frozen == null ? mid.base : 0;
    int mapped = 0;
    for (int i = 0; i < Mid.LEAVES; i++) {
      mapped += NodeWord.mappedBlocks(content.getLong(base + i * Mid.ENTRY_BYTES + Long.BYTES));
    }
    int length = NodeCodec.encode(mid, content, base, into.bytes(), into.end());
    return new NodeWrite(mid, into.added(length), length, mapped, ofCheckpoint);
  }

  static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Which one of its level it is. */
  public long number() {
    return node.number();
  }

  public boolean leaf() {
    return node.isLeaf();
  }

  public int replica() {
    return node.map.replica();
  }
}
