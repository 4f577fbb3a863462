package io.ashlar.protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/**
 * The extents in which a target may differ from the others: collected from everybody's listing,
 * then pulled and compared in parts. What compares unequal is pulled again. Pure.
 */
final class JoinDelta {
  private static final int PULL_EXTENTS = 128;
  private static final int DIGEST_EXTENTS = 4096;

  private final BitSet extents = new BitSet();
  private final Deque<long[]> toPull = new ArrayDeque<>();
  private final List<Long> different = new ArrayList<>();
  private int comparedUpTo;
  private long pulledExtents;

  /** Adds those of a listing that are not behind {@code last}. */
  void add(long[] listed, long last) {
    for (long extent : listed) {
      if (extent <= last) {
        extents.set(Math.toIntExact(extent));
      }
    }
  }

  // ---- pulling

  void planPull() {
    planPull(extents);
  }

  /** What compared unequal is to be pulled anew. */
  void planPullOfDifferent() {
    BitSet again = new BitSet();
    different.forEach(extent -> again.set(Math.toIntExact(extent)));
    planPull(again);
  }

  private void planPull(BitSet wanted) {
    int from = wanted.nextSetBit(0);
    while (from >= 0) {
      long[] part = part(wanted, from, PULL_EXTENTS);
      toPull.add(part);
      from = wanted.nextSetBit(behind(part));
    }
  }

  /** Null if nothing is left. The part stays the next one until it is {@link #pulled}. */
  long[] nextToPull() {
    return toPull.peek();
  }

  void pulled() {
    pulledExtents += toPull.remove().length;
  }

  /** Extents pulled so far, those that were pulled again included. */
  long pulledExtents() {
    return pulledExtents;
  }

  long leftToPull() {
    return toPull.stream().mapToLong(part -> part.length).sum();
  }

  // ---- comparing

  void startComparing() {
    comparedUpTo = 0;
    different.clear();
  }

  /** Empty at the end. */
  long[] nextToCompare() {
    return part(extents, extents.nextSetBit(comparedUpTo), DIGEST_EXTENTS);
  }

  /** One digest for each extent of the part, of both sides. */
  void compared(long[] part, long[] mine, long[] theirs) {
    for (int i = 0; i < part.length; i++) {
      if (mine[i] != theirs[i]) {
        different.add(part[i]);
      }
    }
    comparedUpTo = behind(part);
  }

  int differentExtents() {
    return different.size();
  }

  private static long[] part(BitSet from, int first, int most) {
    long[] part = new long[most];
    int count = 0;
    for (int extent = first; extent >= 0 && count < most; extent = from.nextSetBit(extent + 1)) {
      part[count++] = extent;
    }
    return Arrays.copyOf(part, count);
  }

  private static int behind(long[] part) {
    return Math.toIntExact(part[part.length - 1]) + 1;
  }
}
