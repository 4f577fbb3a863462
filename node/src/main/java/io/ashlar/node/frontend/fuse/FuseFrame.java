package io.ashlar.node.frontend.fuse;

import io.ashlar.block.Payload;
import io.ashlar.sys.DirectMemory;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Memory for one request as the kernel writes it: the headers lie just before a page boundary, so
 * that the data of a WRITE begins at one and can go to a disk or a socket as it is.
 */
final class FuseFrame {
  /**
   * The frames of one connection. Bounded: when the engine keeps all of them, no more requests are
   * read, and the kernel holds the writers back.
   */
  static final class Pool {
    private final BlockingQueue<FuseFrame> free;

    Pool(int frames) {
      free = new ArrayBlockingQueue<>(frames);
      for (int i = 0; i < frames; i++) {
        free.add(new FuseFrame(this));
      }
    }

    /** Waits for a frame; the caller gives it back. */
    FuseFrame take() throws InterruptedException {
      return free.take();
    }
  }

  static final int CAPACITY_BYTES = FuseWire.LEAD_BYTES + FuseInit.TRANSFER_BYTES_MAX;

  private final Pool pool;
  private ByteBuffer memory;
  private ByteBuffer data;
  private long address;

  private FuseFrame(Pool pool) {
    this.pool = pool;
  }

  /** The request, index 0 being its header. Memory is taken at the first use of the frame. */
  ByteBuffer memory() {
    if (memory == null) {
      memory =
          DirectMemory.allocateWithLead(FuseWire.LEAD_BYTES, CAPACITY_BYTES - FuseWire.LEAD_BYTES);
      data = memory.slice(FuseWire.LEAD_BYTES, CAPACITY_BYTES - FuseWire.LEAD_BYTES);
      address = DirectMemory.addressOf(memory);
    }
    return memory;
  }

  long address() {
    return address;
  }

  /** The data of a WRITE; the frame goes back to its pool with the payload's last count. */
  Payload takePayload(int lengthBytes) {
    return Payload.of(data, lengthBytes, ignored -> giveBack());
  }

  /** Any thread. */
  void giveBack() {
    pool.free.add(this);
  }
}
