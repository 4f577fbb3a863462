package io.ashlar.block;

/**
 * Something a replica holds above its watermark: for data, block {@code i} has {@code version + i};
 * for a tombstone range all blocks have {@code version}.
 */
public record TailEntry(long firstBlock, long blocks, long version, boolean tombstone) {
  public long endBlock() {
    return firstBlock + blocks;
  }
}
