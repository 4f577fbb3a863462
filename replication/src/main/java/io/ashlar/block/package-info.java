/**
 * What a front-end sees of a volume: a {@link io.ashlar.block.BlockDevice} that takes requests, and
 * the leased buffers that carry the bytes through the whole engine.
 */
package io.ashlar.block;
