package io.ashlar.seal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;

/**
 * Counts what is out, and has bytes before and behind each lease that nobody may change. Spoils
 * what comes back, so that a use after the last release shows.
 */
final class GuardedPool implements PayloadPool {
  private static final int GUARD_BYTES = 64;
  private static final byte GUARD = (byte) 0xC3;

  private final boolean direct;
  private int leases;
  private int outstanding;

  GuardedPool(boolean direct) {
    this.direct = direct;
  }

  @Override
  public Payload lease(int lengthBytes) {
    assertThat(lengthBytes).isPositive();
    int all = lengthBytes + 2 * GUARD_BYTES;
    ByteBuffer memory = direct ? ByteBuffer.allocateDirect(all) : ByteBuffer.allocate(all);
    fill(memory, GUARD);
    leases++;
    outstanding++;
    return Payload.of(
        memory.slice(GUARD_BYTES, lengthBytes), lengthBytes, leased -> recycle(memory));
  }

  Payload of(byte[] bytes) {
    Payload payload = lease(bytes.length);
    payload.view().put(bytes);
    return payload;
  }

  int leases() {
    return leases;
  }

  int outstanding() {
    return outstanding;
  }

  private void recycle(ByteBuffer memory) {
    outstanding--;
    for (int i = 0; i < GUARD_BYTES; i++) {
      assertThat(memory.get(i)).isEqualTo(GUARD);
      assertThat(memory.get(memory.capacity() - 1 - i)).isEqualTo(GUARD);
    }
    fill(memory, (byte) 0x5A);
  }

  private static void fill(ByteBuffer memory, byte value) {
    for (int i = 0; i < memory.capacity(); i++) {
      memory.put(i, value);
    }
  }
}
