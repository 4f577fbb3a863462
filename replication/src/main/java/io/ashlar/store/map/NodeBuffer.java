package io.ashlar.store.map;

import java.nio.ByteBuffer;

/** Where nodes are put one behind the other to be written in one go. Borrows the memory. */
public final class NodeBuffer {
  private final ByteBuffer bytes;
  private final int nodesMax;
  private int nodes;
  private int end;

  /**
   * @param bytes little-endian
   */
  public NodeBuffer(ByteBuffer bytes, int nodesMax) {
    this.bytes = bytes;
    this.nodesMax = nodesMax;
  }

  /** Bytes used so far. */
  public int end() {
    return end;
  }

  boolean hasRoom(int lengthBytes) {
    return nodes < nodesMax && end + lengthBytes <= bytes.capacity();
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** Where they begin. */
  int added(int lengthBytes) {
    int at = end;
    end += lengthBytes;
    nodes++;
    return at;
  }
}
