package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Zeroes a range that must stay allocated (WRITE_ZEROES with NO_HOLE), by writing zeros piece after
 * piece; a device's own zeroing would leave holes. Loop thread only, for one range.
 */
final class ZeroWriter {
  private static final int PIECE_BYTES = 1 << 20;

  private final BlockDevice device;
  private final long session;
  private final PayloadPool pool;
  private final Consumer<Status> done;

  ZeroWriter(BlockDevice device, long session, PayloadPool pool, Consumer<Status> done) {
    this.device = device;
    this.session = session;
    this.pool = pool;
    this.done = done;
  }

  void write(long offset, long lengthBytes, boolean fua) {
    int piece = (int) Math.min(PIECE_BYTES, lengthBytes);
    device.submit(
        session,
        new BlockRequest(
            Kind.WRITE,
            offset,
            piece,
            fua,
            zeros(piece),
            (status, ignored) -> {
              if (status == Status.OK && piece < lengthBytes) {
                write(offset + piece, lengthBytes - piece, fua);
              } else {
                done.accept(status);
              }
            }));
  }

  /** Pooled buffers come with whatever they held before. */
  private Payload zeros(int lengthBytes) {
    Payload payload = pool.lease(lengthBytes);
    ByteBuffer view = payload.view();
    while (view.remaining() >= Long.BYTES) {
      view.putLong(0);
    }
    while (view.hasRemaining()) {
      view.put((byte) 0);
    }
    return payload;
  }
}
