package io.ashlar.store.map;

import static io.ashlar.model.Invariants.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Memory outside the heap in slots of one size, taken and given back. Grows, never shrinks. */
final class SlotMemory {
  private static final int CHUNK_BYTES = 1 << 20;

  private final int slotBytes;
  private final int slotsInChunk;
  private final List<ByteBuffer> chunks = new ArrayList<>();
  private int[] free = new int[16];
  private int freeCount;
  private int used;

  SlotMemory(int slotBytes) {
    this.slotBytes = slotBytes;
    this.slotsInChunk = CHUNK_BYTES / slotBytes;
  }

  int slotBytes() {
    return slotBytes;
  }

  long usedBytes() {
    return (long) used * slotBytes;
  }

  /** A slot with undefined content. */
  int take() {
    if (freeCount == 0) {
      grow();
    }
    used++;
    return free[--freeCount];
  }

  void give(int slot) {
    check(used > 0, "a slot given back twice");
    used--;
    push(slot);
  }

  /** The memory that holds the slot, little-endian. */
  ByteBuffer memory(int slot) {
    return chunks.get(slot / slotsInChunk);
  }

  /** Where in {@link #memory} it begins. */
  int offset(int slot) {
    return slot % slotsInChunk * slotBytes;
  }

  private void grow() {
    int first = chunks.size() * slotsInChunk;
    chunks.add(ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN));
    for (int slot = first + slotsInChunk - 1; slot >= first; slot--) {
      push(slot);
    }
  }

  private void push(int slot) {
    if (freeCount == free.length) {
      free = Arrays.copyOf(free, free.length * 2);
    }
    free[freeCount++] = slot;
  }
}
