package io.ashlar.store.map;

import java.nio.ByteBuffer;

/**
 * A node in memory. Its content is in a slot; what is said of it here is how that relates to the
 * disk.
 *
 * <pre>
 * dirty          memory differs from what its parent's word points at
 * inCheckpoint   the running checkpoint has still to write it, as it was when that began
 * frozen         how it was then, if it has changed since
 * dead           its replica was deleted meanwhile: only the checkpoint still needs it
 * </pre>
 */
abstract class Node {
  final VolumeMap map;
  private int slotBytes;
  ByteBuffer memory;
  int slot;
  int base;

  /** Whoever relies on its being here, across callbacks; 0: it may be evicted if it is clean. */
  int pins;

  boolean dirty;
  boolean inCheckpoint;
  boolean dead;
  boolean writing;
  byte[] frozen;

  /** Neighbours in {@link NodeChain}s: by last use, and of the dirty ones. */
  final Node[] older = new Node[NodeChain.KINDS];

  final Node[] newer = new Node[NodeChain.KINDS];

  Node(VolumeMap map, SlotMemory slots, int slot) {
    this.map = map;
    moveTo(slots, slot);
  }

  /** Its content is in this slot from now on. */
  final void moveTo(SlotMemory slots, int slotThere) {
    slot = slotThere;
    slotBytes = slots.slotBytes();
    memory = slots.memory(slotThere);
    base = slots.offset(slotThere);
  }

  int slotBytes() {
    return slotBytes;
  }

  abstract boolean isLeaf();

  /** Number of the node among those of its level in the replica. */
  abstract long number();

  /** The parent's word for it: where it is on the disk. */
  abstract long word();

  abstract void setWord(long word);

  /** Nothing below it is in memory. */
  abstract boolean childless();
}
