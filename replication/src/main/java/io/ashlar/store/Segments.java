package io.ashlar.store;

import static io.ashlar.model.Invariants.check;

import java.util.ArrayDeque;

/**
 * The table of segments: state, sequence, what lives in each.
 *
 * <pre>
 * FREE        its first and last page are durably zero: nothing can be found in it any more
 * OPEN        the log ends here; at most one
 * CLOSING     full; its summary is being written
 * CLOSED      full, or left by an older process
 * COLLECTING  what lives in it is being moved; then it is wiped and FREE
 * </pre>
 *
 * A segment that is not FREE counts as holding everything that was ever written to it since it was
 * opened: after a power loss all of that may be found again.
 */
final class Segments {
  enum State {
    FREE,
    OPEN,
    CLOSING,
    CLOSED,
    COLLECTING
  }

  private static final int MORE_PAGES = 4;

  private final int segmentPages;
  private final State[] states;
  private final long[] sequences;
  private final int[] liveBlocks;
  private final int[] liveMetas;
  private final int[] controlEntries;
  private final int[] pins;
  private final boolean[] stuck;
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private long liveTotal;

  Segments(int count, int segmentPages) {
    this.segmentPages = segmentPages;
    states = new State[count];
    java.util.Arrays.fill(states, State.FREE);
    sequences = new long[count];
    liveBlocks = new int[count];
    liveMetas = new int[count];
    controlEntries = new int[count];
    pins = new int[count];
    stuck = new boolean[count];
  }

  int count() {
    return states.length;
  }

  int segmentPages() {
    return segmentPages;
  }

  int freeCount() {
    return free.size();
  }

  long liveTotal() {
    return liveTotal;
  }

  State state(int segment) {
    return states[segment];
  }

  long sequence(int segment) {
    return sequences[segment];
  }

  /** Disk page of a page in a segment. */
  int place(int segment, int page) {
    return Format.DATA_PAGE + segment * segmentPages + page;
  }

  int segmentOf(int place) {
    return Integer.divideUnsigned(place - Format.DATA_PAGE, segmentPages);
  }

  int pageOf(int place) {
    return Integer.remainderUnsigned(place - Format.DATA_PAGE, segmentPages);
  }

  /** Position in the log of the block at this place. */
  long positionOf(int place) {
    return LogPosition.ofBlock(sequences[segmentOf(place)], pageOf(place));
  }

  long offsetBytes(int segment, int page) {
    return Integer.toUnsignedLong(place(segment, page)) << Format.PAGE_SHIFT;
  }

  /** A segment found at open with content. */
  void found(int segment, long sequence) {
    states[segment] = State.CLOSED;
    sequences[segment] = sequence;
  }

  /** Once at open, after all were found: the rest is free. */
  void collectFree() {
    for (int i = 0; i < states.length; i++) {
      if (states[i] == State.FREE) {
        free.add(i);
      }
    }
  }

  int open(long sequence) {
    check(!free.isEmpty(), "no free segment to open: the reserve was used up");
    int segment = free.poll();
    states[segment] = State.OPEN;
    sequences[segment] = sequence;
    return segment;
  }

  void closing(int segment) {
    move(segment, State.OPEN, State.CLOSING);
  }

  void close(int segment) {
    move(segment, State.CLOSING, State.CLOSED);
  }

  void collect(int segment) {
    move(segment, State.CLOSED, State.COLLECTING);
  }

  /** The segment cannot be collected (its summary is unreadable): it stays as it is. */
  void leave(int segment) {
    move(segment, State.COLLECTING, State.CLOSED);
    stuck[segment] = true;
  }

  void release(int segment) {
    check(liveBlocks[segment] == 0, "segment %s freed with live blocks", segment);
    check(pins[segment] == 0, "segment %s freed while it is read", segment);
    move(segment, State.COLLECTING, State.FREE);
    sequences[segment] = 0;
    controlEntries[segment] = 0;
    liveMetas[segment] = 0;
    free.add(segment);
  }

  void live(int place, int change) {
    liveBlocks[segmentOf(place)] += change;
    liveTotal += change;
  }

  void liveMeta(int segment, int change) {
    liveMetas[segment] += change;
  }

  void control(int segment) {
    controlEntries[segment]++;
  }

  void pin(int place) {
    pins[segmentOf(place)]++;
  }

  void unpin(int place) {
    pins[segmentOf(place)]--;
  }

  boolean pinned(int segment) {
    return pins[segment] > 0;
  }

  /**
   * Pages that moving this segment's content may take, at most: {@link Collector} writes blocks in
   * pieces, then all the rest, then a batch that vouches for them; each piece may be split by a
   * segment's end, which may waste a page.
   */
  int pagesToMove(int segment) {
    int blocks = liveBlocks[segment];
    int rest = liveMetas[segment] + controlEntries[segment];
    int pieces = blocks / Collector.BLOCKS_AT_ONCE;
    return blocks
        + liveMetas[segment]
        + pieces
        + Format.pagesFor(blocks)
        + Format.pagesFor(rest)
        + MORE_PAGES;
  }

  /** The closed segment that frees most when it is collected, or -1 if none frees anything. */
  int victim() {
    int best = -1;
    int bestPages = segmentPages - SegmentSummary.pagesFor(segmentPages);
    long newest = newestClosed();
    for (int i = 0; i < states.length; i++) {
      if (collectable(i, newest) && pagesToMove(i) < bestPages) {
        best = i;
        bestPages = pagesToMove(i);
      }
    }
    return best;
  }

  /** The closed segment with the lowest sequence, or -1: entries that only kill end there. */
  int oldest() {
    int best = -1;
    long newest = newestClosed();
    for (int i = 0; i < states.length; i++) {
      if (collectable(i, newest) && (best < 0 || sequences[i] < sequences[best])) {
        best = i;
      }
    }
    return best;
  }

  /** The newest closed one stays: recovery tells by it what belongs to a torn first batch. */
  private boolean collectable(int segment, long newestClosed) {
    return states[segment] == State.CLOSED && !stuck[segment] && sequences[segment] != newestClosed;
  }

  private long newestClosed() {
    long newest = 0;
    for (int i = 0; i < states.length; i++) {
      newest = states[i] == State.CLOSED ? Math.max(newest, sequences[i]) : newest;
    }
    return newest;
  }

  /** Lowest sequence of those that are not free, {@code except} apart. */
  long oldestSequence(int except) {
    long oldest = Long.MAX_VALUE;
    for (int i = 0; i < states.length; i++) {
      if (states[i] != State.FREE && i != except) {
        oldest = Math.min(oldest, sequences[i]);
      }
    }
    return oldest;
  }

  private void move(int segment, State from, State to) {
    check(
        states[segment] == from,
        "segment %s is %s and cannot go from %s to %s",
        segment,
        states[segment],
        from,
        to);
    states[segment] = to;
  }
}
