package io.ashlar.block;

import static io.ashlar.model.Invariants.check;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Direct buffers aligned for O_DIRECT, in classes of powers of two from 4 KiB to 2 MiB. What comes
 * back is kept up to a bound for each class; beyond it, and above the largest class, the collector
 * frees it. One loop's own: leased and given back on its thread.
 */
public final class AlignedPool implements PayloadPool {
  private static final int ALIGNMENT_BYTES = 4096;
  private static final int CLASS_SHIFT_MIN = 12;
  private static final int CLASS_SHIFT_MAX = 21;

  private final long keptBytesMaxPerClass;
  private final List<ArrayDeque<ByteBuffer>> free = new ArrayList<>();
  private long outstanding;

  public AlignedPool(long keptBytesMaxPerClass) {
    this.keptBytesMaxPerClass = keptBytesMaxPerClass;
    for (int shift = CLASS_SHIFT_MIN; shift <= CLASS_SHIFT_MAX; shift++) {
      free.add(new ArrayDeque<>());
    }
  }

  @Override
  public Payload lease(int lengthBytes) {
    check(lengthBytes > 0, "a lease of %s bytes", lengthBytes);
    outstanding++;
    int shift = shiftOf(lengthBytes);
    if (shift > CLASS_SHIFT_MAX) {
      return Payload.of(allocate(lengthBytes), lengthBytes, ignored -> outstanding--);
    }
    ByteBuffer kept = free.get(shift - CLASS_SHIFT_MIN).poll();
    ByteBuffer memory = kept != null ? kept : allocate(1 << shift);
    return Payload.of(memory, lengthBytes, returned -> recycle(returned, shift));
  }

  /** Leases that were not given back yet. */
  public long outstanding() {
    return outstanding;
  }

  private void recycle(ByteBuffer memory, int shift) {
    outstanding--;
    ArrayDeque<ByteBuffer> kept = free.get(shift - CLASS_SHIFT_MIN);
    if ((kept.size() + 1L) << shift <= keptBytesMaxPerClass) {
      kept.push(memory);
    }
  }

  private static int shiftOf(int lengthBytes) {
    int shift = Integer.SIZE - Integer.numberOfLeadingZeros(lengthBytes - 1);
    return Math.max(CLASS_SHIFT_MIN, shift);
  }

  private static ByteBuffer allocate(int lengthBytes) {
    int rounded = (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    return ByteBuffer.allocateDirect(rounded + ALIGNMENT_BYTES).alignedSlice(ALIGNMENT_BYTES);
  }
}
