package io.ashlar.block;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Invariants.check;

/**
 * How the bytes that are stored for a block differ from the block: made smaller, encrypted. Made
 * once, at the coordinator, and carried along verbatim ever after. A block that is stored as it is
 * has none.
 *
 * @param storedBytes length of the stored bytes, 1 to 4096; 4096 if and only if the codec is RAW
 * @param keyId of the key that encrypted it; 0: none did
 * @param tagHigh first half of the authentication tag; 0 without a key
 * @param tagLow second half of it
 */
public record BlockSeal(Codec codec, int storedBytes, int keyId, long tagHigh, long tagLow) {
  public BlockSeal {
    check(
        codec == Codec.RAW
            ? storedBytes == BLOCK_BYTES && keyId != 0
            : storedBytes > 0 && storedBytes < BLOCK_BYTES,
        "a seal of %s with %s bytes and key %s",
        codec,
        storedBytes,
        keyId);
  }

  /** A block that was only made smaller. */
  public static BlockSeal compressed(Codec codec, int storedBytes) {
    return new BlockSeal(codec, storedBytes, 0, 0, 0);
  }

  /** Length of a block's stored bytes, sealed or not. */
  public static int lengthOf(BlockSeal sealOrNull) {
    return sealOrNull == null ? BLOCK_BYTES : sealOrNull.storedBytes;
  }
}
