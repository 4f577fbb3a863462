package io.ashlar.store.map;

import java.nio.ByteBuffer;

/** What the map needs of the log. Loop thread only. */
public interface NodeStore {
  /** Receives a node's bytes, little-endian, valid during the call; null if they cannot be read. */
  interface ReadCallback {
    void done(ByteBuffer bytes);
  }

  /** Reads the bytes of a node; the callback never comes inside the call. */
  void readNode(long word, ReadCallback done);

  /** Receives the bytes of one of several nodes, as {@link ReadCallback} does. */
  interface NodeReceiver {
    void node(int index, ByteBuffer bytes);
  }

  /** Reads several, for opening a disk: each is received, in any order, before this returns. */
  void readNodesNow(long[] words, NodeReceiver receiver);

  /**
   * The map points at a block that begins in this page, or does so no more.
   *
   * @param units what it counts for, of 16 bytes; negative if it is gone
   */
  void blockLive(int page, int units);

  /** The same for the bytes of a node. */
  void nodeLive(long word, int sign);

  /** Nothing points at a node any more; what it points at is to be let go of by and by. */
  void reclaim(DeadNode node);

  /** Too many nodes are dirty: some should be written ({@link MapCache#takeToClean}). */
  void cleaningNeeded();

  /** A node is not what was written: what it told of is lost. */
  void nodeLost(LostNode node);
}
