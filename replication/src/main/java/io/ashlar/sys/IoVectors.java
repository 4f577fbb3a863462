package io.ashlar.sys;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Up to two pieces of memory for one gathering write (struct iovec of readv(2)). Reused by one
 * thread; it borrows the memory it names until the write returns.
 */
public final class IoVectors {
  private static final int VECTOR_BYTES = 16;
  private static final int VECTORS_MAX = 2;

  private final ByteBuffer table =
      ByteBuffer.allocateDirect(VECTOR_BYTES * VECTORS_MAX).order(ByteOrder.nativeOrder());
  private final long address = DirectMemory.addressOf(table);
  private int count;

  public IoVectors clear() {
    count = 0;
    return this;
  }

  public IoVectors add(long pieceAddress, long lengthBytes) {
    table.putLong(count * VECTOR_BYTES, pieceAddress);
    table.putLong(count * VECTOR_BYTES + 8, lengthBytes);
    count++;
    return this;
  }

  long address() {
    return address;
  }

  int count() {
    return count;
  }
}
