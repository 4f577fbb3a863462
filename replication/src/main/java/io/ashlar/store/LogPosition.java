package io.ashlar.store;

/**
 * A place in the order of the log: segment sequence (32 bits), page in the segment (20 bits), index
 * (12 bits). Positions of entries grow with the log.
 *
 * <p>A block's entry has the position of its payload page, index 0. An entry without payload has
 * the page before the next payload page of its batch and its own index plus 1, which puts it after
 * every block written before it in that batch and before every block written after it.
 */
final class LogPosition {
  static final int BATCH_ENTRIES_MAX = (1 << 12) - 2;

  private LogPosition() {}

  static long ofBlock(long sequence, int page) {
    return sequence << 32 | (long) page << 12;
  }

  static long ofEntry(long sequence, int nextPayloadPage, int index) {
    return sequence << 32 | (long) (nextPayloadPage - 1) << 12 | (index + 1);
  }

  static long sequence(long position) {
    return position >>> 32;
  }
}
