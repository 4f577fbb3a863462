package io.ashlar.store.map;

import java.nio.ByteBuffer;

/** Looks through a node's bytes without having it in memory as one. */
public final class NodeReader {
  /** Told what a node points at. */
  public interface Visitor {
    /** The data of a block begins in this page, and counts for so much in its segment. */
    void block(int page, int liveUnits);

    void node(DeadNode child);
  }

  /** What a node's bytes turn out to be. */
  public enum Finding {
    WHOLE,
    /** As written, and it tells of blocks that are lost. */
    LOST,
    DAMAGED
  }

  private NodeReader() {}

  public static Finding check(ByteBuffer bytes, int replica, boolean leaf, long number) {
    return leaf
        ? NodeCodec.checkLeaf(bytes, replica, number)
        : NodeCodec.checkMid(bytes, replica, number);
  }

  /** False if the bytes are not those of the node; nobody was told anything then. */
  public static boolean read(ByteBuffer bytes, DeadNode node, Visitor visitor) {
    return node.leaf()
        ? NodeCodec.visitLeaf(bytes, node, visitor)
        : NodeCodec.visitMid(bytes, node, visitor);
  }
}
