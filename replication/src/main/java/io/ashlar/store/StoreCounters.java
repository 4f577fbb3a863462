package io.ashlar.store;

/**
 * What a disk turned out not to have kept, and what was done about it, since it was opened. Loop
 * thread only.
 */
public final class StoreCounters {
  private long corruptBlocks;
  private long repairedBlocks;
  private long lostNodes;
  private long scrubbedBytes;
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

  /** Bytes of the log that scrubbing has looked at. */
  public long scrubbedBytes() {
    return scrubbedBytes;
  }

  /** The last node that was lost, for an operator; empty if none was. */
  public String lastLoss() {
    return lastLoss;
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

  void nodeLost(String what) {
    lostNodes++;
    lastLoss = what;
  }
}
