package io.ashlar.seal;

import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;

/**
 * What a write looks like once it is sealed. One count of the payload is the holder's to release.
 *
 * @param crcs CRC32C of each block's stored bytes
 * @param seals null elements for blocks that are stored as they are; null if all of them are
 * @param payload the stored bytes, one block behind the other
 */
public record SealedBlocks(int[] crcs, BlockSeal[] seals, Payload payload) {}
