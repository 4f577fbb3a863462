package io.ashlar.sim;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;

/**
 * Payloads on the heap. Freed memory is overwritten, so that a use after release shows up as wrong data.
 */
public final class SimPool implements PayloadPool {
  private long outstanding;

  @Override
  public Payload lease(int lengthBytes) {
    outstanding++;
    ByteBuffer memory = ByteBuffer.allocate(lengthBytes);
    return Payload.of(memory, lengthBytes, this::recycle);
  }

  private void recycle(ByteBuffer memory) {
    outstanding--;
    java.util.Arrays.fill(memory.array(), (byte) 0xDB);
  }

  /** Payloads leased and not given back. */
  public long outstanding() {
    return outstanding;
  }
}
