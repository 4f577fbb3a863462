package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.nio.ByteBuffer;

/** Restores blocks, of whatever codecs they are stored with. Loop thread only; nothing to close. */
public final class Opener {
  private final PayloadPool pool;

  /** Loaded when the first block asks for it: most nodes never see both. */
  private Shrinker lz4;

  private Shrinker zstandard;

  public Opener(PayloadPool pool) {
    this.pool = pool;
  }

  /**
   * Takes the run over. One without seals is returned as it is, at no cost. Otherwise the result,
   * the caller's to release, has the same blocks and versions and no seals, and its payload has
   * 4096 bytes for each DATA block.
   *
   * <p>A block that cannot be restored, or that was encrypted, becomes CORRUPT, with checksum 0 and
   * no bytes. The checksums of all others stay those of the stored bytes, which the payload no
   * longer has: they are to be checked before this.
   *
   * @throws IllegalStateException if there are blocks of ZSTD and its native code cannot be loaded.
   *     That is not damage: copies that are fine must not be repaired for it.
   */
  public BlockRun open(BlockRun run) {
    if (run.seals() == null) {
      return run;
    }
    if (run.payload() == null) {
      return new BlockRun(run.firstBlock(), run.kinds(), run.versions(), run.crcs(), null);
    }
    try {
      return restored(run);
    } finally {
      run.release();
    }
  }

  private BlockRun restored(BlockRun run) {
    BlockKind[] kinds = run.kinds().clone();
    int[] crcs = run.crcs().clone();
    Payload room = pool.lease(dataBlocks(kinds) * BLOCK_BYTES);
    try {
      ByteBuffer stored = run.payload().view();
      ByteBuffer out = room.view();
      int from = 0;
      int to = 0;
      for (int i = 0; i < kinds.length; i++) {
        if (kinds[i] == BlockKind.DATA) {
          int length = run.storedBytes(i);
          if (restore(run.seal(i), stored, from, out, to)) {
            to += BLOCK_BYTES;
          } else {
            kinds[i] = BlockKind.CORRUPT;
            crcs[i] = 0;
          }
          from += length;
        }
      }
      Payload plain = to == 0 ? null : room.slice(0, to);
      return new BlockRun(run.firstBlock(), kinds, run.versions(), crcs, plain);
    } finally {
      room.release();
    }
  }

  private boolean restore(
      BlockSeal sealOrNull, ByteBuffer stored, int from, ByteBuffer out, int to) {
    if (sealOrNull == null) {
      out.put(to, stored, from, BLOCK_BYTES);
      return true;
    }
    if (sealOrNull.keyId() != 0) {
      return false;
    }
    int length = sealOrNull.storedBytes();
    return switch (sealOrNull.codec()) {
      case RAW -> false; // without a key there is no such seal
      case LZ4 -> lz4().restore(stored, from, length, out, to);
      case ZSTD -> zstandard().restore(stored, from, length, out, to);
    };
  }

  private Shrinker lz4() {
    if (lz4 == null) {
      lz4 = Lz4.fastest();
    }
    return lz4;
  }

  private Shrinker zstandard() {
    if (zstandard == null) {
      zstandard = new Zstandard();
    }
    return zstandard;
  }

  private static int dataBlocks(BlockKind[] kinds) {
    int count = 0;
    for (BlockKind kind : kinds) {
      if (kind == BlockKind.DATA) {
        count++;
      }
    }
    return count;
  }
}
