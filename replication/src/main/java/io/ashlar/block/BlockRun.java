package io.ashlar.block;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Invariants.check;

import java.util.Arrays;

/**
 * A run of consecutive blocks with their versions and checksums, as it travels from the coordinator
 * to the log and from replica to replica, never recomputed on the way.
 *
 * <p>{@code payload} holds the bytes of the {@link BlockKind#DATA} blocks only, packed in order; it
 * is null if there are none, and in a run that tells of blocks without carrying them. The run does
 * not count owners itself: whoever holds the run holds one count of its payload and passes it on or
 * releases it with {@link #release}.
 *
 * @param versions one a block, {@link io.ashlar.model.Version#NONE} where unmapped
 * @param crcs CRC32C (RFC 3720, Castagnoli) of each DATA block's bytes, else 0
 */
public record BlockRun(
    long firstBlock, BlockKind[] kinds, long[] versions, int[] crcs, Payload payload) {

  public BlockRun {
    check(
        kinds.length == versions.length && kinds.length == crcs.length,
        "run of %s kinds, %s versions, %s checksums",
        kinds.length,
        versions.length,
        crcs.length);
    int dataBlocks = 0;
    for (BlockKind kind : kinds) {
      if (kind == BlockKind.DATA) {
        dataBlocks++;
      }
    }
    check(
        payload == null || payload.lengthBytes() == dataBlocks * BLOCK_BYTES,
        "%s bytes for %s blocks of data",
        payload == null ? 0 : payload.lengthBytes(),
        dataBlocks);
  }

  public int count() {
    return kinds.length;
  }

  public long endBlock() {
    return firstBlock + kinds.length;
  }

  /** Whether any of its blocks is of this kind. */
  public boolean has(BlockKind kind) {
    return Arrays.asList(kinds).contains(kind);
  }

  /** Position of block {@code index}'s bytes in the payload, counted in blocks. */
  public int dataIndex(int index) {
    int position = 0;
    for (int i = 0; i < index; i++) {
      if (kinds[i] == BlockKind.DATA) {
        position++;
      }
    }
    return position;
  }

  /** Gives back the payload, if there is one. */
  public void release() {
    if (payload != null) {
      payload.release();
    }
  }
}
