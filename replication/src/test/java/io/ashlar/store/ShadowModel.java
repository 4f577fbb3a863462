package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one replica must hold, kept in the simplest way: for each block the list of states it was
 * given, in the order in which operations were queued. A state counts as applied when its operation
 * was answered, and as durable when a later sync was.
 */
final class ShadowModel {
  /** One state of a block; {@code version} 0 is unmapped. */
  record State(BlockKind kind, long version) {
    static final State UNMAPPED = new State(BlockKind.UNMAPPED, 0);
  }

  /** History of a block: state 0 is what it held at the beginning. */
  private static final class Block {
    final List<State> states = new ArrayList<>(List.of(State.UNMAPPED));
    int applied;
    int durable;

    State last() {
      return states.getLast();
    }
  }

  /** Changes of one queued operation, to be marked as applied when it is answered. */
  final class Change {
    private final List<int[]> indexes = new ArrayList<>();
    private final List<long[]> extents = new ArrayList<>();

    private void set(int block, State state) {
      boolean gone = state.kind() == BlockKind.TOMBSTONE && state.version() <= letGo;
      blocks[block].states.add(gone ? State.UNMAPPED : state);
      indexes.add(new int[] {block, blocks[block].states.size() - 1});
      raise(block / 64, state.version());
    }

    void raise(long extent, long version) {
      extents.add(new long[] {extent, version});
    }

    void applied() {
      for (int[] index : indexes) {
        blocks[index[0]].applied = Math.max(blocks[index[0]].applied, index[1]);
      }
      extents.forEach(extent -> extentsApplied.merge(extent[0], extent[1], Math::max));
    }
  }

  /** What is applied at one moment; durable once a sync that began then is done. */
  record Mark(int[] applied, TreeMap<Long, Long> extents) {}

  private final Block[] blocks;
  private final TreeMap<Long, Long> extentsApplied = new TreeMap<>();
  private final TreeMap<Long, Long> extentsDurable = new TreeMap<>();
  private long letGo;

  ShadowModel(int count) {
    blocks = new Block[count];
    for (int i = 0; i < count; i++) {
      blocks[i] = new Block();
    }
  }

  int count() {
    return blocks.length;
  }

  Change applyIfNewer(BlockRun run) {
    Change change = new Change();
    for (int i = 0; i < run.count(); i++) {
      int block = (int) run.firstBlock() + i;
      if (run.versions()[i] > blocks[block].last().version()) {
        change.set(block, new State(run.kinds()[i], run.versions()[i]));
      }
    }
    return change;
  }

  Change applyRangeIfNewer(int first, int count, long version) {
    Change change = new Change();
    for (int block = first; block < first + count; block++) {
      if (version > blocks[block].last().version()) {
        change.set(block, new State(BlockKind.TOMBSTONE, version));
      }
    }
    return change;
  }

  Change replace(BlockRun run, long keepFrom) {
    Change change = new Change();
    for (int i = 0; i < run.count(); i++) {
      int block = (int) run.firstBlock() + i;
      if (blocks[block].last().version() < keepFrom) {
        change.set(block, new State(run.kinds()[i], run.versions()[i]));
      }
    }
    return change;
  }

  Change raise(long extent, long version) {
    Change change = new Change();
    change.raise(extent, version);
    return change;
  }

  /** To be called when nothing is queued. */
  void dropTombstones(long upTo) {
    letGo = Math.max(letGo, upTo);
    for (Block block : blocks) {
      if (block.last().kind() == BlockKind.TOMBSTONE && block.last().version() <= upTo) {
        block.states.add(State.UNMAPPED);
        block.applied = block.states.size() - 1;
      }
    }
  }

  Mark mark() {
    int[] applied = new int[blocks.length];
    for (int i = 0; i < blocks.length; i++) {
      applied[i] = blocks[i].applied;
    }
    return new Mark(applied, new TreeMap<>(extentsApplied));
  }

  void durable(Mark mark) {
    for (int i = 0; i < blocks.length; i++) {
      blocks[i].durable = Math.max(blocks[i].durable, mark.applied[i]);
    }
    mark.extents.forEach((extent, version) -> extentsDurable.merge(extent, version, Math::max));
  }

  /** All blocks are exactly in their last state; nothing is queued. */
  void checkExact(BlockRun found) {
    for (int i = 0; i < found.count(); i++) {
      State state = blocks[(int) found.firstBlock() + i].last();
      assertThat(new State(found.kinds()[i], found.versions()[i]))
          .as("block %s", found.firstBlock() + i)
          .isEqualTo(state);
    }
  }

  /** A read that began when {@code since} was applied returned only applied states. */
  void checkRead(BlockRun found, Mark since) {
    for (int i = 0; i < found.count(); i++) {
      int block = (int) found.firstBlock() + i;
      int from = since.applied[block];
      checkOneOf(block, new State(found.kinds()[i], found.versions()[i]), from);
    }
  }

  /**
   * After a crash each block is in its last applied state (after a power loss: its last durable
   * one) or one queued later. From here on that is its state.
   */
  void recovered(BlockRun found, boolean powerLoss) {
    for (int i = 0; i < found.count(); i++) {
      int index = (int) found.firstBlock() + i;
      Block block = blocks[index];
      State state = new State(found.kinds()[i], found.versions()[i]);
      checkOneOf(index, state, powerLoss ? block.durable : block.applied);
      block.states.clear();
      block.states.add(state);
      block.applied = 0;
      block.durable = 0;
    }
  }

  /** A crash may forget which tombstones were let go of: those that come are seen again. */
  void recoveredLetGo(ReplicaStore replica) {
    letGo = Math.min(letGo, StoreProbe.letGo(replica));
  }

  void recoveredExtents(ReplicaStore replica, boolean powerLoss) {
    TreeMap<Long, Long> least = powerLoss ? extentsDurable : extentsApplied;
    checkExtents(replica, least);
    TreeMap<Long, Long> known = new TreeMap<>(least);
    extentsApplied.clear();
    extentsDurable.clear();
    extentsApplied.putAll(known);
    extentsDurable.putAll(known);
  }

  void checkExtents(ReplicaStore replica) {
    checkExtents(replica, extentsApplied);
  }

  private void checkExtents(ReplicaStore replica, Map<Long, Long> least) {
    least.forEach(
        (extent, version) ->
            assertThat(StoreProbe.extentVersion(replica, extent))
                .as("version of extent %s", extent)
                .isGreaterThanOrEqualTo(version));
    for (int i = 0; i < blocks.length; i++) {
      assertThat(StoreProbe.extentVersion(replica, i / 64))
          .as("version of the extent of block %s", i)
          .isGreaterThanOrEqualTo(StoreProbe.version(replica, i));
    }
  }

  private void checkOneOf(int index, State state, int from) {
    List<State> allowed = blocks[index].states.subList(from, blocks[index].states.size());
    boolean ok = allowed.contains(state);
    boolean zero = state.kind() == BlockKind.TOMBSTONE || state.kind() == BlockKind.UNMAPPED;
    if (zero) {
      // A tombstone that was let go may be seen again, and one made unmapped may be older.
      ok |= allowed.contains(State.UNMAPPED);
    }
    assertThat(ok).as("block %s is %s, allowed %s", index, state, allowed).isTrue();
  }
}
