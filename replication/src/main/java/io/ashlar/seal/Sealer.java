package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.model.Compression;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Seals the blocks of writes, once, at the coordinator: makes each smaller if that saves an eighth
 * of it, and a checksum of what will be stored. One per volume; loop thread only. Has nothing to
 * close.
 */
public final class Sealer {
  /** A block that saves less is stored as it is: restoring it would cost more than it gains. */
  static final int STORED_BYTES_MAX = BLOCK_BYTES - BLOCK_BYTES / 8;

  private final Shrinker shrinker;
  private final PayloadPool pool;
  private final Hope hope = new Hope();
  private final CRC32C crc = new CRC32C();

  /** Takes what a block became, before it is known whether that is of use. */
  private final ByteBuffer scratch;

  /**
   * Loads native code at the first use of each kind of compression in a process, which takes some
   * tens of milliseconds.
   *
   * @throws IllegalStateException for ZSTD, if there is no native code for this machine or no
   *     folder to unpack it to
   */
  public Sealer(Compression compression, PayloadPool pool) {
    this(
        switch (compression) {
          case NONE -> null;
          case LZ4 -> Lz4.fastest();
          case ZSTD -> new Zstandard();
        },
        pool);
  }

  Sealer(Shrinker shrinkerOrNull, PayloadPool pool) {
    this.shrinker = shrinkerOrNull;
    this.pool = pool;
    this.scratch =
        shrinkerOrNull == null ? null : ByteBuffer.allocateDirect(shrinkerOrNull.shrunkBytesMax());
  }

  /**
   * Takes {@code plain} over, which is whole blocks of 4096 bytes. If none of them shrinks it is
   * passed on as it is; otherwise the payload of the result is a new one.
   *
   * <p>Which blocks are tried at all depends on those before: see {@link Hope}.
   */
  public SealedBlocks seal(Payload plain) {
    check(plain.lengthBytes() % BLOCK_BYTES == 0, "%s bytes to seal", plain.lengthBytes());
    int count = plain.lengthBytes() / BLOCK_BYTES;
    ByteBuffer from = plain.view();
    int[] crcs = new int[count];
    BlockSeal[] seals = null;
    Payload room = null;
    ByteBuffer to = null;
    for (int i = 0; i < count; i++) {
      int shrunkBytes = shrink(from, i * BLOCK_BYTES);
      if (shrunkBytes < BLOCK_BYTES) {
        if (room == null) {
          seals = new BlockSeal[count];
          room = pool.lease(plain.lengthBytes());
          to = room.view();
          append(to, from, 0, i * BLOCK_BYTES);
        }
        seals[i] = BlockSeal.compressed(shrinker.codec(), shrunkBytes);
        crcs[i] = checksum(scratch, 0, shrunkBytes);
        append(to, scratch, 0, shrunkBytes);
      } else {
        crcs[i] = checksum(from, i * BLOCK_BYTES, BLOCK_BYTES);
        if (room != null) {
          append(to, from, i * BLOCK_BYTES, BLOCK_BYTES);
        }
      }
    }
    if (room == null) {
      return new SealedBlocks(crcs, null, plain);
    }
    plain.release();
    Payload stored = room.slice(0, to.position());
    room.release();
    return new SealedBlocks(crcs, seals, stored);
  }

  /** Length of what is in {@link #scratch} then; 4096 if the block is to be stored as it is. */
  private int shrink(ByteBuffer plain, int at) {
    if (shrinker == null || !hope.isThere()) {
      return BLOCK_BYTES;
    }
    int shrunkBytes = shrinker.shrink(plain, at, scratch);
    boolean shrank = shrunkBytes <= STORED_BYTES_MAX;
    hope.tried(shrank);
    return shrank ? shrunkBytes : BLOCK_BYTES;
  }

  private int checksum(ByteBuffer bytes, int at, int length) {
    crc.reset();
    crc.update(bytes.limit(at + length).position(at));
    bytes.clear();
    return (int) crc.getValue();
  }

  private static void append(ByteBuffer to, ByteBuffer from, int at, int length) {
    to.put(to.position(), from, at, length);
    to.position(to.position() + length);
  }
}
