package io.ashlar.store.pool;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Runs that lie across the border of two shards, cut and put together again. */
final class Runs {
  private Runs() {}

  /** Some of the run's blocks, with a count of its payload; the run keeps its own. */
  static BlockRun part(BlockRun run, long firstBlock, long endBlock) {
    if (firstBlock == run.firstBlock() && endBlock == run.endBlock()) {
      if (run.payload() != null) {
        run.payload().retain();
      }
      return run;
    }
    int from = (int) (firstBlock - run.firstBlock());
    int to = (int) (endBlock - run.firstBlock());
    Payload payload = null;
    if (run.payload() != null) {
      int first = run.payloadOffset(from);
      int bytes = run.payloadOffset(to) - first;
      payload = bytes == 0 ? null : run.payload().slice(first, bytes);
    }
    return new BlockRun(
        firstBlock,
        Arrays.copyOfRange(run.kinds(), from, to),
        Arrays.copyOfRange(run.versions(), from, to),
        Arrays.copyOfRange(run.crcs(), from, to),
        run.seals() == null ? null : Arrays.copyOfRange(run.seals(), from, to),
        payload);
  }

  /** One run of two neighbours, both of which it takes over; their bytes are copied. */
  static BlockRun join(BlockRun left, BlockRun right, PayloadPool pool) {
    int count = left.count();
    BlockKind[] kinds = Arrays.copyOf(left.kinds(), count + right.count());
    long[] versions = Arrays.copyOf(left.versions(), kinds.length);
    int[] crcs = Arrays.copyOf(left.crcs(), kinds.length);
    System.arraycopy(right.kinds(), 0, kinds, count, right.count());
    System.arraycopy(right.versions(), 0, versions, count, right.count());
    System.arraycopy(right.crcs(), 0, crcs, count, right.count());
    Payload bytes = join(left.payload(), right.payload(), pool);
    return new BlockRun(left.firstBlock(), kinds, versions, crcs, joinSeals(left, right), bytes);
  }

  private static BlockSeal[] joinSeals(BlockRun left, BlockRun right) {
    if (left.seals() == null && right.seals() == null) {
      return null;
    }
    BlockSeal[] seals = new BlockSeal[left.count() + right.count()];
    for (int i = 0; i < seals.length; i++) {
      seals[i] = i < left.count() ? left.seal(i) : right.seal(i - left.count());
    }
    return seals;
  }

  private static Payload join(Payload left, Payload right, PayloadPool pool) {
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    Payload joined = pool.lease(left.lengthBytes() + right.lengthBytes());
    ByteBuffer into = joined.view();
    into.put(left.view()).put(right.view());
    left.release();
    right.release();
    return joined;
  }

  /** Blocks of which nobody has ever heard. */
  static BlockRun unmapped(long firstBlock, int count) {
    BlockKind[] kinds = new BlockKind[count];
    Arrays.fill(kinds, BlockKind.UNMAPPED);
    return new BlockRun(firstBlock, kinds, new long[count], new int[count], null);
  }
}
