package io.ashlar.store;

import static io.ashlar.model.Invariants.check;

import io.ashlar.store.map.NodeWord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The table of segments: state, sequence, what lives in each.
 *
 * <pre>
 * FREE     nothing that the last durable checkpoint knows of is in it
 * OPEN     a stream of the log ends here
 * CLOSING  full; its summary is being written
 * CLOSED   full, or left by an older process
 * </pre>
 *
 * What lives is counted in units of 16 bytes: blocks that a map points at, nodes that a tree points
 * at, pieces of the last checkpoint. A closed segment in which nothing lives when a checkpoint
 * begins is free when that checkpoint is durable, and not before: until then a crash leads back to
 * the checkpoint before, which may need it.
 */
final class Segments {
  enum State {
    FREE,
    OPEN,
    CLOSING,
    CLOSED
  }

  static final int UNITS_A_PAGE = Format.PAGE_BYTES / NodeWord.UNIT_BYTES;

  /** Fuller segments are left as they are: moving them would cost more than it gives. */
  private static final double USED_MAX = 0.85;

  private static final double USED_MAX_AT_ONCE = 0.95;

  private final int segmentPages;
  private final State[] states;
  private final long[] sequences;
  private final int[] liveUnits;
  private final long[] closedAt;
  private final int[] pins;
  private final boolean[] left;
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private long liveTotal;

  Segments(int count, int segmentPages) {
    this.segmentPages = segmentPages;
    states = new State[count];
    Arrays.fill(states, State.FREE);
    sequences = new long[count];
    liveUnits = new int[count];
    closedAt = new long[count];
    pins = new int[count];
    left = new boolean[count];
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

  /** All of them in the order in which they will be opened. */
  List<Integer> free() {
    return List.copyOf(free);
  }

  /** Units that live on the whole disk, pieces of checkpoints left out. */
  long liveTotal() {
    return liveTotal;
  }

  State state(int segment) {
    return states[segment];
  }

  long sequence(int segment) {
    return sequences[segment];
  }

  int liveUnits(int segment) {
    return liveUnits[segment];
  }

  /** A copy of {@link #liveUnits} of all. */
  int[] liveTable() {
    return liveUnits.clone();
  }

  /** Where the log was when the segment was closed. */
  long closedAt(int segment) {
    return closedAt[segment];
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

  long offsetBytes(int segment, int page) {
    return Integer.toUnsignedLong(place(segment, page)) << Format.PAGE_SHIFT;
  }

  /** A segment that a checkpoint tells of as closed or open, or that was written after it. */
  void found(int segment, long sequence, int units, long closedAtLsn) {
    states[segment] = State.CLOSED;
    sequences[segment] = sequence;
    closedAt[segment] = closedAtLsn;
    liveUnits[segment] += units;
    liveTotal += units;
  }

  /** A segment that was opened while the checkpoint was written holds nodes of it. */
  void nodesIn(int segment, int units) {
    liveUnits[segment] += units;
    liveTotal += units;
  }

  /** Once at open, when all were found: these are free, to be opened in this order. */
  void restoreFree(List<Integer> segments) {
    for (int segment : segments) {
      check(states[segment] == State.FREE, "segment %s is free and %s", segment, states[segment]);
      free.add(segment);
    }
  }

  int open(long sequence) {
    check(!free.isEmpty(), "no free segment to open: the reserve was used up");
    int segment = free.poll();
    states[segment] = State.OPEN;
    sequences[segment] = sequence;
    left[segment] = false;
    return segment;
  }

  void closing(int segment) {
    move(segment, State.OPEN, State.CLOSING);
  }

  void close(int segment, long lsn) {
    move(segment, State.CLOSING, State.CLOSED);
    closedAt[segment] = lsn;
  }

  /** Collection has done with it what it can: it is not taken again. */
  void leave(int segment) {
    left[segment] = true;
  }

  /** A checkpoint is durable that needs none of these; those that are read now follow later. */
  void release(Iterable<Integer> segments) {
    for (int segment : segments) {
      check(liveUnits[segment] == 0, "segment %s freed with live units", segment);
      move(segment, State.CLOSED, State.FREE);
      sequences[segment] = 0;
      free.add(segment);
    }
  }

  /** Closed segments in which nothing lives and nobody reads. */
  List<Integer> empty() {
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < states.length; i++) {
      if (states[i] == State.CLOSED && liveUnits[i] == 0 && pins[i] == 0) {
        found.add(i);
      }
    }
    return found;
  }

  void live(int place, int units) {
    liveUnits[segmentOf(place)] += units;
    liveTotal += units;
  }

  /** A piece of a checkpoint: it keeps its segment, but nobody has to be promised room for it. */
  void piece(int place, int units) {
    liveUnits[segmentOf(place)] += units;
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

  /** What a segment can hold, when it is full of blocks that were written many at a time. */
  int payloadUnits() {
    int summary = SegmentSummary.pagesFor(segmentPages + segmentPages / 64 + 2);
    return (segmentPages - summary - Format.pagesFor(segmentPages)) * UNITS_A_PAGE;
  }

  /**
   * The closed segment that is best to collect: most gain for what has to be moved, the older the
   * better, because what is young may still die by itself (Rosenblum and Ousterhout, The design and
   * implementation of a log-structured file system, 5.1); or only what gives most at once.
   *
   * @return -1 if none gives anything
   */
  int victim(long lsn, boolean atOnce) {
    int best = -1;
    double bestScore = 0;
    double usedMax = atOnce ? USED_MAX_AT_ONCE : USED_MAX;
    for (int i = 0; i < states.length; i++) {
      boolean candidate = states[i] == State.CLOSED && !left[i] && liveUnits[i] > 0;
      double used = (double) liveUnits[i] / payloadUnits();
      double age = atOnce ? 1 : 1 + lsn - closedAt[i];
      double score = candidate ? (1 - used) * age / (1 + used) : 0;
      if (score > bestScore && used < usedMax) {
        best = i;
        bestScore = score;
      }
    }
    return best;
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
