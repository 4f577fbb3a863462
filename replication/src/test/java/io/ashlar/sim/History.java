package io.ashlar.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What clients did to each block, as operations on a register: a stamp was written or read, between
 * two moments. Stamp 0 is zeros. An operation without an answer has no end: it may take effect any
 * time later.
 */
final class History {
  static final long NEVER = Long.MAX_VALUE;

  /** One operation on one block. */
  static final class Op {
    final boolean write;
    final long start;
    long stamp;
    long end = NEVER;
    boolean dropped;

    Op(boolean write, long stamp, long start) {
      this.write = write;
      this.stamp = stamp;
      this.start = start;
    }

    @Override
    public String toString() {
      return (write ? "write " : "read ")
          + stamp
          + " ["
          + start
          + ","
          + (end == NEVER ? "?" : end)
          + "]";
    }
  }

  private final Map<Long, List<Op>> byBlock = new TreeMap<>();

  Op writeBegan(long block, long stamp, long now) {
    Op op = new Op(true, stamp, now);
    byBlock.computeIfAbsent(block, any -> new ArrayList<>()).add(op);
    return op;
  }

  void readDone(long block, long stamp, long start, long now) {
    Op op = new Op(false, stamp, start);
    op.end = now;
    byBlock.computeIfAbsent(block, any -> new ArrayList<>()).add(op);
  }

  Map<Long, List<Op>> blocks() {
    return byBlock;
  }

  /** Checks every block. */
  void check() {
    byBlock.forEach(
        (block, ops) -> {
          List<Op> relevant = ops.stream().filter(op -> !op.dropped).toList();
          if (!LinearChecker.linearizable(relevant)) {
            StringBuilder text = new StringBuilder("block " + block + " is not linearizable:");
            relevant.stream()
                .sorted((a, b) -> Long.compare(a.start, b.start))
                .forEach(op -> text.append("\n  ").append(op));
            throw new SimFailure(text.toString());
          }
        });
  }
}
