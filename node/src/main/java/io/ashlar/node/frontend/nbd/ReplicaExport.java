package io.ashlar.node.frontend.nbd;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.BlockRun;
import io.ashlar.block.DeviceGeometry;
import io.ashlar.block.MappedRuns;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Timers;
import io.ashlar.model.Version;
import io.ashlar.seal.Opener;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What one replica holds, read-only and past the coordinator: for inspection and comparison. A
 * block whose bytes fail their check, or that has data without a version, is an I/O error and never
 * read from elsewhere. What is compressed is restored. Loop thread only; it owns nothing of the
 * store.
 */
public final class ReplicaExport implements BlockDevice {
  private static final int MAPPED_BLOCKS = 4096;
  private static final int PIECE_BLOCKS = 256;
  private static final int REQUEST_BYTES_MAX = 32 << 20;

  private final ReplicaStore store;
  private final PayloadPool pool;
  private final Timers timers;
  private final Opener opener;
  private long sessions;

  public ReplicaExport(ReplicaStore store, PayloadPool pool, Timers timers) {
    this.store = store;
    this.pool = pool;
    this.timers = timers;
    this.opener = new Opener(pool);
  }

  @Override
  public DeviceGeometry geometry() {
    return new DeviceGeometry(store.meta().sizeBytes(), BLOCK_BYTES, REQUEST_BYTES_MAX);
  }

  @Override
  public long openSession() {
    return ++sessions;
  }

  /** Reads change nothing: there is nothing to hold back from a later session. */
  @Override
  public void endSession(long session) {}

  @Override
  public void submit(long session, BlockRequest request) {
    switch (request.kind()) {
      case READ -> read(request);
      case FLUSH -> timers.after(0, () -> request.completion().done(Status.OK, null));
      case WRITE, TRIM, ZERO -> {
        if (request.payload() != null) {
          request.payload().release();
        }
        timers.after(0, () -> request.completion().done(Status.INVALID, null));
      }
    }
  }

  private void read(BlockRequest request) {
    if (!fits(request.offsetBytes(), request.lengthBytes())) {
      timers.after(0, () -> request.completion().done(Status.INVALID, null));
      return;
    }
    Payload data = pool.lease((int) request.lengthBytes());
    readOn(request, data, request.offsetBytes() / BLOCK_BYTES);
  }

  private boolean fits(long offset, long length) {
    long size = store.meta().sizeBytes();
    return offset >= 0 && length > 0 && length <= size && offset <= size - length;
  }

  /** Reads the next piece from this block on; {@code data} is ours until the completion. */
  private void readOn(BlockRequest request, Payload data, long block) {
    long end = endBlock(request.offsetBytes() + request.lengthBytes());
    if (block >= end) {
      request.completion().done(Status.OK, data);
      return;
    }
    int count = (int) Math.min(PIECE_BLOCKS, end - block);
    store.read(
        block,
        count,
        (result, stored) -> {
          BlockRun run = result == Result.OK ? opener.open(stored) : null;
          boolean good = run != null && isSound(run);
          if (good) {
            copy(run, request, data);
          }
          if (run != null) {
            run.release();
          }
          if (good) {
            readOn(request, data, block + count);
          } else {
            data.release();
            request.completion().done(Status.IO_ERROR, null);
          }
        });
  }

  private static long endBlock(long bytes) {
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }

  private static boolean isSound(BlockRun run) {
    for (int i = 0; i < run.count(); i++) {
      boolean mapped = run.kinds()[i] == BlockKind.DATA;
      boolean versioned = run.versions()[i] != Version.NONE;
      if (run.kinds()[i] == BlockKind.CORRUPT || (mapped && !versioned)) {
        return false;
      }
    }
    return true;
  }

  /** Puts the part of the run that was asked for where it belongs; holes are zeros. */
  private static void copy(BlockRun run, BlockRequest request, Payload data) {
    long from = request.offsetBytes();
    long end = from + request.lengthBytes();
    int position = 0;
    for (int i = 0; i < run.count(); i++) {
      long start = (run.firstBlock() + i) * BLOCK_BYTES;
      long first = Math.max(from, start);
      int length = (int) (Math.min(end, start + BLOCK_BYTES) - first);
      ByteBuffer into = data.view((int) (first - from), length);
      if (run.kinds()[i] == BlockKind.DATA) {
        into.put(run.payload().view(position * BLOCK_BYTES + (int) (first - start), length));
        position++;
      } else {
        into.put(new byte[length]);
      }
    }
  }

  /** Answers for the beginning of the range only, as NBD allows; the client asks again. */
  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    if (!fits(offsetBytes, lengthBytes)) {
      timers.after(0, () -> done.done(Status.INVALID, List.of()));
      return;
    }
    long first = offsetBytes / BLOCK_BYTES;
    long end = Math.min(endBlock(offsetBytes + lengthBytes), first + MAPPED_BLOCKS);
    store.peek(
        first,
        (int) (end - first),
        (result, run) -> {
          if (result == Result.OK) {
            done.done(Status.OK, MappedRuns.of(run, offsetBytes, offsetBytes + lengthBytes));
          } else {
            done.done(Status.IO_ERROR, List.of());
          }
        });
  }
}
