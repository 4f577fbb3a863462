package io.ashlar.sim;

import io.ashlar.sim.History.Op;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Linearizability of one register, by Wing and Gong's search with Lowe's memory of visited states
 * (Testing for linearizability, 2017). The register starts with stamp 0.
 *
 * <p>A write without an answer may be left out, or put anywhere from its start to its end, if it
 * has one. Those that nobody can have read are left out first.
 */
final class LinearChecker {
  private record Visited(BitSet done, long stamp) {}

  private final List<Op> ops;
  private final BitSet done = new BitSet();
  private final Set<Visited> visited = new HashSet<>();

  private LinearChecker(List<Op> ops) {
    this.ops = ops;
  }

  static boolean linearizable(List<Op> all) {
    Set<Long> read = new HashSet<>();
    for (Op op : all) {
      if (!op.write) {
        read.add(op.stamp);
      }
    }
    List<Op> ops = new ArrayList<>();
    for (Op op : all) {
      if (!op.write || op.answered || read.contains(op.stamp)) {
        ops.add(op);
      }
    }
    ops.sort((a, b) -> Long.compare(a.start, b.start));
    return new LinearChecker(ops).search();
  }

  /**
   * An open choice: which op was put next, and what was the case before.
   *
   * @param latestBefore the latest start of what was placed: nothing that ended earlier may follow
   */
  private record Choice(int op, long stampBefore, long latestBefore) {}

  private boolean search() {
    List<Choice> stack = new ArrayList<>();
    long stamp = 0;
    long latest = Long.MIN_VALUE;
    int from = 0;
    while (true) {
      int next = nextCandidate(from, stamp, latest);
      boolean back = next < 0;
      if (!back) {
        stack.add(new Choice(next, stamp, latest));
        done.set(next);
        stamp = ops.get(next).write ? ops.get(next).stamp : stamp;
        latest = Math.max(latest, ops.get(next).start);
        from = 0;
        if (allAnswered()) {
          return true;
        }
        back = !visited.add(new Visited((BitSet) done.clone(), stamp));
      } else if (stack.isEmpty()) {
        return allAnswered();
      }
      if (back) {
        Choice last = stack.removeLast();
        done.clear(last.op);
        stamp = last.stampBefore;
        latest = last.latestBefore;
        from = last.op + 1;
      }
    }
  }

  /** Whether everything that was answered is placed; the rest may stay out. */
  private boolean allAnswered() {
    for (int i = done.nextClearBit(0); i < ops.size(); i = done.nextClearBit(i + 1)) {
      if (ops.get(i).answered) {
        return false;
      }
    }
    return true;
  }

  /**
   * The next op from this index on that may come now: nothing unplaced has been answered before it
   * started, and nothing was placed that started after its end.
   */
  private int nextCandidate(int from, long stamp, long latest) {
    long firstEnd = History.NEVER;
    for (int i = done.nextClearBit(0); i < ops.size(); i = done.nextClearBit(i + 1)) {
      if (ops.get(i).start > firstEnd) {
        break;
      }
      if (ops.get(i).answered) {
        firstEnd = Math.min(firstEnd, ops.get(i).end);
      }
    }
    for (int i = done.nextClearBit(from); i < ops.size(); i = done.nextClearBit(i + 1)) {
      Op op = ops.get(i);
      if (op.start > firstEnd) {
        return -1;
      }
      if (op.end >= latest && (op.write || op.stamp == stamp)) {
        return i;
      }
    }
    return -1;
  }
}
