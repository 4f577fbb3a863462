package io.ashlar.protocol;

import java.util.Map;
import java.util.TreeMap;

/** Which writes hold which blocks: at most one in flight a block (I10). Loop thread only. */
final class BlockLocks {
  private final TreeMap<Long, WriteOp> held = new TreeMap<>();

  boolean free(WriteOp op) {
    Map.Entry<Long, WriteOp> before = held.lowerEntry(op.endBlock());
    return before == null || before.getValue().endBlock() <= op.firstBlock;
  }

  void hold(WriteOp op) {
    held.put(op.firstBlock, op);
  }

  void release(WriteOp op) {
    held.remove(op.firstBlock, op);
  }

  /** The op that holds this block, or null. */
  WriteOp holder(long block) {
    Map.Entry<Long, WriteOp> before = held.floorEntry(block);
    return before != null && before.getValue().endBlock() > block ? before.getValue() : null;
  }

  void clear() {
    held.clear();
  }
}
