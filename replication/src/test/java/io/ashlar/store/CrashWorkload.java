package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.sim.SimJournal;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimRng;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Operations on a disk of which every write and sync is recorded, to let the power fail at many
 * points of it, with unsynced sectors kept, dropped and torn in any combination. The store must
 * open, hold what was flushed, hold for every other block something that was written to it, and
 * account for its space.
 */
final class CrashWorkload {
  private static final int BLOCKS = 120;

  /** What a workload makes happen. */
  enum Kind {
    /** Blocks side by side on a disk with room. */
    PLAIN(40, 1, 400),
    /** The disk is small, so that collection and checkpoints never end. */
    FULL(16, 1, 900),
    /** Blocks all over a tebibyte: the nodes of the map come and go. */
    WIDE(40, 2_000_003, 400);

    private final int segments;
    private final long spread;
    private final int operations;

    Kind(int segments, long spread, int operations) {
      this.segments = segments;
      this.spread = spread;
      this.operations = operations;
    }
  }

  /** A state that was queued when the journal had this size. */
  private record Queued(int journalSize, BlockKind kind, long version) {}

  /**
   * From this journal size on, the first {@code states[b]} + 1 states of block b are in the past.
   */
  private record Flushed(int journalSize, int[] states, ReplicaMeta meta) {}

  private final Kind kind;
  private final StoreFixture fixture;
  private final SimRng rng;
  private final TreeMap<Integer, List<Queued>> states = new TreeMap<>();
  private final List<Flushed> flushes = new ArrayList<>();
  private final int[] applied = new int[BLOCKS];
  private SimJournal journal;
  private ReplicaStore replica;
  private long clock = 10;

  CrashWorkload(long seed) {
    kind = Kind.values()[(int) (seed % Kind.values().length)];
    fixture = new StoreFixture(seed, kind.segments).format().open();
    rng = new SimRng(seed).fork("workload");
    for (int block = 0; block < BLOCKS; block++) {
      states.put(block, new ArrayList<>(List.of(new Queued(0, BlockKind.UNMAPPED, 0))));
    }
  }

  void run() {
    replica = fixture.create("v");
    journal = fixture.medium.record();
    flushes.add(new Flushed(0, applied.clone(), replica.meta()));
    for (int i = 0; i < kind.operations; i++) {
      switch (rng.nextInt(10)) {
        case 0 -> flush();
        case 1 -> trim();
        case 2 -> replace();
        case 3 -> persist();
        default -> write();
      }
      for (int steps = rng.nextInt(8); steps > 0; steps--) {
        fixture.step();
      }
    }
    fixture.settle();
  }

  /** Where on the volume a block of the workload is. */
  private long at(int block) {
    return block * kind.spread;
  }

  private void flush() {
    int[] now = applied.clone();
    ReplicaMeta meta = replica.meta();
    replica.sync(result -> flushes.add(new Flushed(journal.size(), now, meta)));
  }

  private void persist() {
    fixture.settle();
    ReplicaMeta next = replica.meta().running("boot " + clock++);
    int[] now = applied.clone();
    assertThat(fixture.persist(replica, next)).isEqualTo(ReplicaStore.Result.OK);
    flushes.add(new Flushed(journal.size(), now, next));
  }

  private void write() {
    int count = kind == Kind.WIDE ? 1 : 1 + rng.nextInt(12);
    int first = rng.nextInt(BLOCKS - count);
    if (!replica.reserve(count)) {
      return;
    }
    long[] versions = new long[count];
    for (int i = 0; i < count; i++) {
      versions[i] = ++clock;
    }
    ReplicaStore.Callback done = queued(first, BlockKind.DATA, versions);
    replica.applyIfNewer(fixture.data(replica, at(first), versions), true, done);
  }

  private void trim() {
    int count = 1 + rng.nextInt(60);
    int first = rng.nextInt(BLOCKS - count);
    long[] versions = new long[count];
    java.util.Arrays.fill(versions, ++clock);
    ReplicaStore.Callback done = queued(first, BlockKind.TOMBSTONE, versions);
    replica.applyRangeIfNewer(at(first), at(first + count) - at(first), clock, done);
  }

  /** Lowers versions, as resync does. */
  private void replace() {
    long[] versions = new long[kind == Kind.WIDE ? 1 : 2];
    java.util.Arrays.setAll(versions, i -> 1 + rng.nextInt((int) clock));
    int first = rng.nextInt(BLOCKS - 2);
    if (fixture.store.space().freeBytes() > 1 << 16) {
      BlockRun run = fixture.data(replica, at(first), versions);
      replica.replace(run, Long.MAX_VALUE, queued(first, BlockKind.DATA, versions));
    }
  }

  private ReplicaStore.Callback queued(int first, BlockKind kind, long[] versions) {
    int[] indexes = new int[versions.length];
    for (int i = 0; i < versions.length; i++) {
      List<Queued> history = states.get(first + i);
      history.add(new Queued(journal.size(), kind, versions[i]));
      indexes[i] = history.size() - 1;
    }
    return result -> {
      assertThat(result).isEqualTo(ReplicaStore.Result.OK);
      for (int i = 0; i < indexes.length; i++) {
        applied[first + i] = Math.max(applied[first + i], indexes[i]);
      }
    };
  }

  /**
   * Lets the power fail at so many different points, or at all if there are not that many.
   *
   * @return a line about it
   */
  static String crash(long seed, int pointsWanted) {
    CrashWorkload workload = new CrashWorkload(seed);
    workload.run();
    SimRng rng = new SimRng(seed).fork("crashes");
    int all = workload.journal.size() + 1;
    TreeSet<Integer> points = new TreeSet<>();
    while (points.size() < Math.min(pointsWanted, all)) {
      points.add(rng.nextInt(all));
    }
    for (int point : points) {
      workload.check(workload.journal.powerLossAt(point, rng), point, seed * 100_000 + point);
    }
    StoreCounters counters = workload.counters();
    return String.format(
        "workload %s (%s): %s crash points of %s; checkpoints %s, blocks moved %s",
        seed,
        workload.kind,
        points.size(),
        all,
        counters.checkpoints(),
        counters.collectedBlocks());
  }

  Kind kind() {
    return kind;
  }

  StoreCounters counters() {
    return fixture.store.counters();
  }

  SimJournal journal() {
    return journal;
  }

  SimMedium medium() {
    return fixture.medium;
  }

  private void check(SimMedium image, int point, long seed) {
    StoreFixture after = new StoreFixture(seed, image).open();
    ReplicaStore found = after.replica("v");
    Flushed flushed = flushes.getFirst();
    for (Flushed flush : flushes) {
      flushed = flush.journalSize <= point ? flush : flushed;
    }
    BlockKind[] kinds = new BlockKind[BLOCKS];
    long[] versions = new long[BLOCKS];
    read(after, kinds, versions);
    int mapped = 0;
    for (int block = 0; block < BLOCKS; block++) {
      checkBlock(block, kinds[block], versions[block], flushed, point);
      mapped += kinds[block] == BlockKind.DATA ? 1 : 0;
    }
    assertThat(found.mappedBlocks()).isEqualTo(mapped);
    assertThat(after.store.space().liveBytes()).isEqualTo((long) mapped << 12);
    after.reopen();
    BlockKind[] kindsAgain = new BlockKind[BLOCKS];
    long[] versionsAgain = new long[BLOCKS];
    read(after, kindsAgain, versionsAgain);
    assertThat(versionsAgain).isEqualTo(versions);
    assertThat(kindsAgain).isEqualTo(kinds);
  }

  private void read(StoreFixture after, BlockKind[] kinds, long[] versions) {
    int step = kind == Kind.WIDE ? 1 : BLOCKS;
    for (int block = 0; block < BLOCKS; block += step) {
      BlockRun run = after.read(after.replica("v"), at(block), step);
      System.arraycopy(run.kinds(), 0, kinds, block, step);
      System.arraycopy(run.versions(), 0, versions, block, step);
    }
  }

  private void checkBlock(int block, BlockKind kind, long version, Flushed flushed, int point) {
    List<Queued> history = states.get(block);
    List<Queued> allowed =
        history.subList(flushed.states[block], history.size()).stream()
            .filter(state -> state.journalSize <= point)
            .toList();
    assertThat(allowed)
        .as("block %s is %s %s at point %s", block, kind, version, point)
        .anyMatch(state -> state.kind == kind && state.version == version);
  }
}
