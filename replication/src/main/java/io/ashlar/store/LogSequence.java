package io.ashlar.store;

/** Numbers that order the log of a disk: of batches over all its streams, and of segments. */
final class LogSequence {
  private long lsn;
  private long segment;

  /**
   * @param lsn the last one given
   * @param segment the last one given
   */
  LogSequence(long lsn, long segment) {
    this.lsn = lsn;
    this.segment = segment;
  }

  /** Number of the last batch. */
  long lsn() {
    return lsn;
  }

  long nextLsn() {
    return ++lsn;
  }

  long lastSegment() {
    return segment;
  }

  long nextSegment() {
    return ++segment;
  }
}
