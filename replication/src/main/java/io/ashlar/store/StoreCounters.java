package io.ashlar.store;

import io.ashlar.store.map.LostNode;

/**
 * What an engine has done since the disk was opened that nobody asked for: its upkeep, and what the
 * disk turned out not to have kept. Loop thread only.
 */
public final class StoreCounters {
  private long corruptBlocks;
  private long repairedBlocks;
  private long lostNodes;
  private long damagedSummaries;
  private long scrubbedBytes;
  private long checkpoints;
  private long collectedBlocks;
  private String lastLoss = "";

  /** Blocks that were read and failed their check, each time they were. */
  public long corruptBlocks() {
    return corruptBlocks;
  }

  /** Blocks that another copy has made good. */
  public long repairedBlocks() {
    return repairedBlocks;
  }

  /** Nodes of maps that were damaged; what they told of is lost until it is repaired. */
  public long lostNodes() {
    return lostNodes;
  }

  /** Segments whose list of content is damaged; the next start of the node makes a new one. */
  public long damagedSummaries() {
    return damagedSummaries;
  }

  /** Bytes of the log that scrubbing has looked at. */
  public long scrubbedBytes() {
    return scrubbedBytes;
  }

  /** Checkpoints that became durable. */
  public long checkpoints() {
    return checkpoints;
  }

  /** Blocks that collection has written anew. */
  public long collectedBlocks() {
    return collectedBlocks;
  }

  /** The last node that was lost, for an operator; empty if none was. */
  public String lastLoss() {
    return lastLoss;
  }

  void checkpointed() {
    checkpoints++;
  }

  void collected(int blocks) {
    collectedBlocks += blocks;
  }

  void corrupt(int blocks) {
    corruptBlocks += blocks;
  }

  void repaired(int blocks) {
    repairedBlocks += blocks;
  }

  void scrubbed(long bytes) {
    scrubbedBytes += bytes;
  }

  void nodeLost(LostNode node) {
    lostNodes++;
    lastLoss = node.describe();
  }

  void summaryDamaged() {
    damagedSummaries++;
  }
}
