package io.ashlar.node.frontend.nbd;

/**
 * Bytes that all connections of a server may hold at once. Whoever is below it may take one request
 * more, so it is exceeded by one request a connection at most. Loop thread only.
 */
final class MemoryBudget {
  private final long bytesMax;
  private final Runnable freed;
  private long bytes;

  /**
   * @param freed run when there is room again after there was none
   */
  MemoryBudget(long bytesMax, Runnable freed) {
    this.bytesMax = bytesMax;
    this.freed = freed;
  }

  boolean hasRoom() {
    return bytes < bytesMax;
  }

  void take(long count) {
    bytes += count;
  }

  void giveBack(long count) {
    boolean full = !hasRoom();
    bytes -= count;
    if (full && hasRoom()) {
      freed.run();
    }
  }
}
