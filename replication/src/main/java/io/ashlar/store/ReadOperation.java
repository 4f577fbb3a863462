package io.ashlar.store;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Reads the data blocks of a run into one payload, and checks each. */
final class ReadOperation {
  /** Takes over the run's payload; some of its blocks may have failed their check. */
  interface Done {
    void done(BlockRun run, int corrupt);
  }

  private final PayloadPool pool;
  private final BlockRun run;

  /** Index in the run of each data block. */
  private final int[] indexes;

  private final Done done;
  private final BlockReads reads;

  /**
   * @param run from the map, without payload
   * @param places of its data blocks, in order; not empty
   */
  ReadOperation(
      Disk disk, PayloadPool pool, Segments segments, BlockRun run, long[] places, Done done) {
    this.pool = pool;
    this.run = run;
    this.done = done;
    this.indexes = dataBlocks(run, places.length);
    int[] storedBytes = new int[places.length];
    Arrays.setAll(storedBytes, i -> run.storedBytes(indexes[i]));
    this.reads = new BlockReads(disk, pool, segments, places, storedBytes, this::wasRead);
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
    reads.start();
  }

  /** Blocks that fail are marked and their bytes left out. */
  private void wasRead() {
    int corrupt = 0;
    for (int i = 0; i < indexes.length; i++) {
      int index = indexes[i];
      if (!reads.intact(i, run.crcs()[index])) {
        run.kinds()[index] = BlockKind.CORRUPT;
        run.crcs()[index] = 0;
        corrupt++;
      }
    }
    BlockSeal[] seals = run.seals();
    Payload bytes = corrupt == 0 && seals == null ? reads.bytes() : pack();
    done.done(
        new BlockRun(run.firstBlock(), run.kinds(), run.versions(), run.crcs(), seals, bytes),
        corrupt);
  }

  /** The stored bytes of the good ones, one behind the other. */
  private Payload pack() {
    Payload from = reads.bytes();
    int length = run.payloadOffset(run.count());
    Payload packed = length == 0 ? null : pool.lease(length);
    if (packed != null) {
      ByteBuffer into = packed.view();
      for (int i = 0; i < indexes.length; i++) {
        if (run.kinds()[indexes[i]] == BlockKind.DATA) {
          into.put(from.view(reads.at(i), run.storedBytes(indexes[i])));
        }
      }
    }
    from.release();
    return packed;
  }
}
