package io.ashlar.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What clients did to each unit, as operations on a register: a stamp was written or read, between
 * two moments. Stamp 0 is zeros.
 *
 * <p>A write without an answer may take effect later, or never; but not after the first answer in a
 * later session, since what an earlier session has started is drained by then, whether the session
 * or the whole coordinator was another one. A request that is sent again is one more write.
 */
final class History {
  static final long NEVER = Long.MAX_VALUE;

  /** One operation on one unit. */
  static final class Op {
    final boolean write;
    final long start;
    final int session;
    long stamp;

    /** When it was answered, or else how late it may take effect. */
    long end = NEVER;

    boolean answered;
    boolean dropped;

    /** Answered as durable by itself. */
    boolean durable;

    Op(boolean write, long stamp, long start, int session) {
      this.write = write;
      this.stamp = stamp;
      this.start = start;
      this.session = session;
    }

    void ended(long now) {
      end = now;
      answered = true;
    }

    @Override
    public String toString() {
      return (write ? "write " : "read ")
          + stamp
          + " ["
          + start
          + ","
          + (end == NEVER ? "?" : end + (answered ? "" : "?"))
          + "]";
    }
  }

  private final Map<Long, List<Op>> byUnit = new TreeMap<>();
  private final List<Op> open = new ArrayList<>();
  private int sessions;
  private int latestAnswered;
  private long flushedUpTo = -1;

  /** Numbers sessions over all coordinators. */
  int sessionOpened() {
    return ++sessions;
  }

  Op writeBegan(long unit, long stamp, long now, int session) {
    Op op = new Op(true, stamp, now, session);
    byUnit.computeIfAbsent(unit, any -> new ArrayList<>()).add(op);
    open.add(op);
    return op;
  }

  void readDone(long unit, long stamp, long start, long now) {
    Op op = new Op(false, stamp, start, 0);
    op.ended(now);
    byUnit.computeIfAbsent(unit, any -> new ArrayList<>()).add(op);
  }

  /** A request of this session was answered. */
  void answered(int session, long now) {
    if (session > latestAnswered) {
      latestAnswered = session;
      for (Op op : open) {
        if (op.session < session && !op.answered) {
          op.end = now;
        }
      }
      open.removeIf(op -> op.end != NEVER || op.dropped);
    }
  }

  /** Whatever was acknowledged before this moment survives a power loss of everything. */
  void flushed(long start) {
    flushedUpTo = Math.max(flushedUpTo, start);
  }

  /** Checks every unit. */
  void check() {
    byUnit.forEach(
        (unit, ops) -> {
          List<Op> relevant = ops.stream().filter(op -> !op.dropped).toList();
          if (!LinearChecker.linearizable(relevant)) {
            throw new SimFailure("unit " + unit + " is not linearizable:" + text(relevant));
          }
        });
  }

  /**
   * I11: what a unit holds after a power loss of everything is no older than the last write that
   * was flushed.
   */
  void checkSurvivor(String where, long unit, long stamp) {
    List<Op> writes =
        byUnit.getOrDefault(unit, List.of()).stream()
            .filter(op -> op.write && !op.dropped)
            .toList();
    long newest =
        writes.stream().filter(this::isFlushed).mapToLong(op -> op.start).max().orElse(-1);
    boolean initial = stamp == 0 && newest < 0;
    if (!initial && writes.stream().noneMatch(op -> op.stamp == stamp && op.end >= newest)) {
      throw new SimFailure(
          String.format(
              "I11: without power %s holds %s in unit %s, flushed up to %s:%s",
              where, stamp, unit, flushedUpTo, text(writes)));
    }
  }

  private boolean isFlushed(Op op) {
    return op.answered && (op.durable || op.end <= flushedUpTo);
  }

  private static String text(List<Op> ops) {
    StringBuilder text = new StringBuilder();
    ops.stream()
        .sorted((a, b) -> Long.compare(a.start, b.start))
        .forEach(op -> text.append("\n  ").append(op));
    return text.toString();
  }
}
