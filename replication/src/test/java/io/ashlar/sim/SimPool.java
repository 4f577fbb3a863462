package io.ashlar.sim;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A pool that counts what is out, and spoils what comes back so that a use after the last release
 * shows.
 */
public final class SimPool implements PayloadPool {
  private long outstanding;

  @Override
  public Payload lease(int lengthBytes) {
    byte[] bytes = new byte[lengthBytes];
    Arrays.fill(bytes, (byte) 0xA5);
    outstanding++;
    return Payload.of(
        ByteBuffer.wrap(bytes),
        lengthBytes,
        memory -> {
          outstanding--;
          Arrays.fill(bytes, (byte) 0x5A);
        });
  }

  public long outstanding() {
    return outstanding;
  }
}
