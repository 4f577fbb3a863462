package io.ashlar.store.map;

/**
 * A list of nodes that are linked by their own fields: entering and leaving costs nothing. Nodes
 * that are in one keep their slot.
 */
final class NodeChain {
  static final int BY_USE = 0;
  static final int DIRTY = 1;
  static final int KINDS = 2;

  private final int kind;
  private Node oldest;
  private Node newest;
  private int size;
  private long bytes;

  NodeChain(int kind) {
    this.kind = kind;
  }

  int size() {
    return size;
  }

  /** Bytes of the nodes' slots. */
  long bytes() {
    return bytes;
  }

  Node oldest() {
    return oldest;
  }

  Node after(Node node) {
    return node.newer[kind];
  }

  void add(Node node) {
    node.older[kind] = newest;
    node.newer[kind] = null;
    if (newest == null) {
      oldest = node;
    } else {
      newest.newer[kind] = node;
    }
    newest = node;
    size++;
    bytes += node.slotBytes();
  }

  void remove(Node node) {
    Node before = node.older[kind];
    Node behind = node.newer[kind];
    if (before == null) {
      oldest = behind;
    } else {
      before.newer[kind] = behind;
    }
    if (behind == null) {
      newest = before;
    } else {
      behind.older[kind] = before;
    }
    node.older[kind] = null;
    node.newer[kind] = null;
    size--;
    bytes -= node.slotBytes();
  }

  void touch(Node node) {
    if (node != newest) {
      remove(node);
      add(node);
    }
  }
}
