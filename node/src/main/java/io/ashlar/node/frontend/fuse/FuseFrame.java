package io.ashlar.node.frontend.fuse;

import io.ashlar.block.Payload;
import io.ashlar.sys.DirectMemory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory for one request as the kernel writes it: the headers lie just before a page boundary, so
 * that the data of a WRITE begins at one and can go to a disk or a socket as it is.
 */
final class FuseFrame {
  /**
   * The frames of one connection. Bounded: when the engine keeps all of them, no more requests are
   * read, and the kernel holds the writers back. The last one given back is the next one taken, so
   * that a light load uses little memory.
   */
  static final class Pool {
    private final Deque<FuseFrame> free = new ArrayDeque<>();
    private int framesMax;
    private int frames;

    Pool(int framesMax) {
      this.framesMax = framesMax;
    }

    /** Waits for a frame; the caller gives it back. */
    synchronized FuseFrame take() throws InterruptedException {
      while (true) {
        if (!free.isEmpty()) {
          return free.pop();
        }
        FuseFrame made = frames < framesMax ? make() : null;
        if (made != null) {
          return made;
        }
        wait();
      }
    }

    /** A reader that died of a lack of memory would leave its requests for ever: do with fewer. */
    private FuseFrame make() {
      try {
        FuseFrame made = new FuseFrame(this);
        frames++;
        return made;
      } catch (OutOfMemoryError full) {
        if (frames == 0) {
          throw full;
        }
        log.warn("no memory for more than {} frames of {} bytes", frames, CAPACITY_BYTES, full);
        framesMax = frames;
        return null;
      }
    }

    private synchronized void give(FuseFrame frame) {
      free.push(frame);
      notifyAll();
    }
  }

  private static final Logger log = LoggerFactory.getLogger(FuseFrame.class);

  static final int CAPACITY_BYTES = FuseWire.LEAD_BYTES + FuseInit.TRANSFER_BYTES_MAX;

  private final Pool pool;
  private final ByteBuffer memory =
      DirectMemory.allocateWithLead(FuseWire.LEAD_BYTES, FuseInit.TRANSFER_BYTES_MAX);
  private final ByteBuffer data = memory.slice(FuseWire.LEAD_BYTES, FuseInit.TRANSFER_BYTES_MAX);
  private final long address = DirectMemory.addressOf(memory);

  private FuseFrame(Pool pool) {
    this.pool = pool;
  }

  /** The request, index 0 being its header. */
  ByteBuffer memory() {
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
    pool.give(this);
  }
}
