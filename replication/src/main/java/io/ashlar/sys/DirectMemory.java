package io.ashlar.sys;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Direct buffers at chosen places, and their addresses. The buffer keeps its memory alive. */
public final class DirectMemory {
  public static final int PAGE_BYTES = 4096;

  private DirectMemory() {}

  /** Address of the buffer's index 0, whatever its position is. */
  public static long addressOf(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  /**
   * A buffer in host byte order whose index {@code leadBytes} lies at a page boundary. The size is
   * rounded up first, because {@code alignedSlice} rounds the end down.
   */
  public static ByteBuffer allocateWithLead(int leadBytes, int lengthBytes) {
    int bodyBytes = (lengthBytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    ByteBuffer raw = ByteBuffer.allocateDirect(bodyBytes + 2 * PAGE_BYTES);
    int boundary = PAGE_BYTES - raw.alignmentOffset(0, PAGE_BYTES);
    int start = boundary - leadBytes < 0 ? boundary + PAGE_BYTES : boundary;
    return raw.slice(start - leadBytes, leadBytes + lengthBytes).order(ByteOrder.nativeOrder());
  }
}
