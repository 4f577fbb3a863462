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
 * <p>Writes without an end that nobody can have read are left out first: they may be put at the
 * very end.
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
      if (!op.write || op.end != History.NEVER || read.contains(op.stamp)) {
        ops.add(op);
      }
    }
    ops.sort((a, b) -> Long.compare(a.start, b.start));
    return new LinearChecker(ops).search();
  }

  /** An open choice: which op was put next, and what the register held before. */
  private record Choice(int op, long stampBefore) {}

  private boolean search() {
    List<Choice> stack = new ArrayList<>();
    long stamp = 0;
    int from = 0;
    while (true) {
      int next = nextCandidate(from, stamp);
      if (next >= 0) {
        stack.add(new Choice(next, stamp));
        done.set(next);
        stamp = ops.get(next).write ? ops.get(next).stamp : stamp;
        from = 0;
        if (allEnded()) {
          return true;
        }
        if (!visited.add(new Visited((BitSet) done.clone(), stamp))) {
          Choice last = stack.removeLast();
          done.clear(last.op);
          stamp = last.stampBefore;
          from = last.op + 1;
        }
      } else if (stack.isEmpty()) {
        return allEnded();
      } else {
        Choice last = stack.removeLast();
        done.clear(last.op);
        stamp = last.stampBefore;
        from = last.op + 1;
      }
    }
  }

  /** Whether everything that has an end is placed; open writes may stay out. */
  private boolean allEnded() {
    for (int i = done.nextClearBit(0); i < ops.size(); i = done.nextClearBit(i + 1)) {
      if (ops.get(i).end != History.NEVER) {
        return false;
      }
    }
    return true;
  }

  /**
   * The next op from this index on that may come now: nothing unplaced has ended before it started.
   */
  private int nextCandidate(int from, long stamp) {
    long firstEnd = History.NEVER;
    for (int i = done.nextClearBit(0); i < ops.size(); i = done.nextClearBit(i + 1)) {
      if (ops.get(i).start > firstEnd) {
        break;
      }
      firstEnd = Math.min(firstEnd, ops.get(i).end);
    }
    for (int i = done.nextClearBit(from); i < ops.size(); i = done.nextClearBit(i + 1)) {
      Op op = ops.get(i);
      if (op.start > firstEnd) {
        return -1;
      }
      if (op.write || op.stamp == stamp) {
        return i;
      }
    }
    return -1;
  }
}
