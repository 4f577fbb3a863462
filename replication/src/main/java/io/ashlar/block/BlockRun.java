package io.ashlar.block;

import static io.ashlar.model.Invariants.check;

import java.util.Arrays;

/**
 * A run of consecutive blocks with their versions and checksums, as it travels from the coordinator
 * to the log and from replica to replica, never recomputed on the way.
 *
 * <p>{@code payload} holds the stored bytes of the {@link BlockKind#DATA} blocks only, one behind
 * the other in order; it is null if there are none, and in a run that tells of blocks without
 * carrying them. The run does not count owners itself: whoever holds the run holds one count of its
 * payload and passes it on or releases it with {@link #release}.
 *
 * @param versions one a block, {@link io.ashlar.model.Version#NONE} where unmapped
 * @param crcs CRC32C (RFC 3720, Castagnoli) of each DATA block's stored bytes, else 0
 * @param seals of the DATA blocks that are not stored as they are, null for all others; null if
 *     there are none at all
 */
public record BlockRun(
    long firstBlock,
    BlockKind[] kinds,
    long[] versions,
    int[] crcs,
    BlockSeal[] seals,
    Payload payload) {

  public BlockRun {
    check(
        kinds.length == versions.length
            && kinds.length == crcs.length
            && (seals == null || kinds.length == seals.length),
        "run of %s kinds, %s versions, %s checksums",
        kinds.length,
        versions.length,
        crcs.length);
    int bytes = payload == null ? 0 : storedBytes(kinds, seals, kinds.length);
    check(
        payload == null || payload.lengthBytes() == bytes,
        "%s bytes of payload for %s of blocks",
        payload == null ? 0 : payload.lengthBytes(),
        bytes);
  }

  /** All of its blocks are stored as they are. */
  public BlockRun(
      long firstBlock, BlockKind[] kinds, long[] versions, int[] crcs, Payload payload) {
    this(firstBlock, kinds, versions, crcs, null, payload);
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

  /** Null if block {@code index} is stored as it is, or has no data. */
  public BlockSeal seal(int index) {
    return seals == null ? null : seals[index];
  }

  /** Length of the stored bytes of block {@code index}, which is a DATA block. */
  public int storedBytes(int index) {
    return BlockSeal.lengthOf(seal(index));
  }

  /** Where the bytes of block {@code index} begin in the payload. */
  public int payloadOffset(int index) {
    return storedBytes(kinds, seals, index);
  }

  /** Of the first {@code count} blocks. */
  private static int storedBytes(BlockKind[] kinds, BlockSeal[] seals, int count) {
    int bytes = 0;
    for (int i = 0; i < count; i++) {
      if (kinds[i] == BlockKind.DATA) {
        bytes += BlockSeal.lengthOf(seals == null ? null : seals[i]);
      }
    }
    return bytes;
  }

  /** Gives back the payload, if there is one. */
  public void release() {
    if (payload != null) {
      payload.release();
    }
  }
}
