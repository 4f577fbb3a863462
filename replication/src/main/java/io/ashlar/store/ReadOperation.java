package io.ashlar.store;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads the data blocks of a run into one payload, neighbours on disk in one go, and checks each.
 * The segments are pinned meanwhile, so that their pages are not written anew.
 */
final class ReadOperation {
  /** Takes over the run's payload; some of its blocks may have failed their check. */
  interface Done {
    void done(BlockRun run, int corrupt);
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private final BlockRun run;
  private final int[] places;

  /** Index in the run of each data block. */
  private final int[] indexes;

  private final Done done;
  private final Payload payload;
  private int outstanding;
  private int corrupt;

  /**
   * @param run from the map, without payload
   * @param places of its data blocks, in order; not empty
   */
  ReadOperation(
      Disk disk, PayloadPool pool, Segments segments, BlockRun run, int[] places, Done done) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.run = run;
    this.places = places;
    this.done = done;
    this.indexes = dataBlocks(run, places.length);
    this.payload = pool.lease(places.length * BLOCK_BYTES);
  }

  private static int[] dataBlocks(BlockRun run, int count) {
    int[] indexes = new int[count];
    int next = 0;
    for (int i = 0; i < run.count(); i++) {
      if (run.kinds()[i] == BlockKind.DATA) {
        indexes[next++] = i;
      }
    }
    return indexes;
  }

  void start() {
    outstanding = 1;
    int from = 0;
    for (int i = 1; i <= places.length; i++) {
      boolean goesOn =
          i < places.length
              && places[i] == places[i - 1] + 1
              && segments.segmentOf(places[i]) == segments.segmentOf(places[from]);
      if (!goesOn) {
        read(from, i);
        from = i;
      }
    }
    completed();
  }

  /** Reads the data blocks of these indexes, which are neighbours on disk. */
  private void read(int from, int end) {
    outstanding++;
    segments.pin(places[from]);
    ByteBuffer into = payload.view(from * BLOCK_BYTES, (end - from) * BLOCK_BYTES);
    disk.read(
        offset(places[from]),
        into,
        errno -> {
          segments.unpin(places[from]);
          if (errno != 0) {
            readFailed(from, end);
          }
          completed();
        });
  }

  /** Tries blocks one by one: those that cannot be read are damaged, the others are not. */
  private void readFailed(int from, int end) {
    if (end - from == 1) {
      run.kinds()[indexes[from]] = BlockKind.CORRUPT;
      return;
    }
    for (int i = from; i < end; i++) {
      read(i, i + 1);
    }
  }

  private void completed() {
    if (--outstanding == 0) {
      BlockRun found = checked();
      done.done(found, corrupt);
    }
  }

  /** The run with its payload; blocks that fail are marked and their bytes left out. */
  private BlockRun checked() {
    int[] kept = new int[places.length];
    int keptCount = 0;
    for (int i = 0; i < places.length; i++) {
      int index = indexes[i];
      if (run.kinds()[index] == BlockKind.DATA && intact(i, run.crcs()[index])) {
        kept[keptCount++] = i;
      } else {
        run.kinds()[index] = BlockKind.CORRUPT;
        run.crcs()[index] = 0;
        corrupt++;
      }
    }
    Payload bytes = pack(Arrays.copyOf(kept, keptCount));
    return new BlockRun(run.firstBlock(), run.kinds(), run.versions(), run.crcs(), bytes);
  }

  private boolean intact(int index, int crc) {
    return Format.crc(payload.view(), index * BLOCK_BYTES, BLOCK_BYTES) == crc;
  }

  private Payload pack(int[] kept) {
    if (kept.length == places.length) {
      return payload;
    }
    Payload packed = null;
    if (kept.length > 0) {
      packed = pool.lease(kept.length * BLOCK_BYTES);
      ByteBuffer into = packed.view();
      for (int index : kept) {
        into.put(payload.view(index * BLOCK_BYTES, BLOCK_BYTES));
      }
    }
    payload.release();
    return packed;
  }

  private static long offset(int place) {
    return Integer.toUnsignedLong(place) << Format.PAGE_SHIFT;
  }
}
