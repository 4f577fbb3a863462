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
  /** What a workload makes happen. */
  enum Kind {
    /** Blocks side by side on a disk with room. */
    PLAIN(40, 1, 120, 400),
    /** The disk is small, so that collection and checkpoints never end. */
    FULL(16, 1, 120, 900),
    /** Blocks all over a tebibyte: the nodes of the map come and go. */
    WIDE(72, 2_000_003, 300, 700);

    private final int segments;
    private final long spread;
    private final int blocks;
    private final int operations;

    Kind(int segments, long spread, int blocks, int operations) {
      this.segments = segments;
      this.spread = spread;
      this.blocks = blocks;
      this.operations = operations;
    }
  }

  /** What a workload did, and how often its power failed, of how many points at which it could. */
  record Outcome(Kind kind, int points, int pointsInAll, long checkpoints, long blocksMoved) {}

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
  private final int[] applied;
  private SimJournal journal;
  private ReplicaStore replica;
  private long clock = 10;

  CrashWorkload(long seed) {
    kind = Kind.values()[(int) (seed % Kind.values().length)];
    fixture = new StoreFixture(seed, kind.segments).format();
    // Half of them have so much memory that a checkpoint has many nodes to write.
    fixture.options = new StoreOptions(seed % 2 == 0 ? 1 : 8 << 20, ScrubPlan.NEVER);
    fixture.sealing = seed / 6 % 2 == 0;
    fixture.open();
    rng = new SimRng(seed).fork("workload");
    applied = new int[kind.blocks];
    for (int block = 0; block < kind.blocks; block++) {
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
    int first = rng.nextInt(kind.blocks - count);
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
    boolean whole = rng.oneIn(3); // extents are trimmed without a look into them
    int count = whole ? 64 : 1 + rng.nextInt(60);
    int first = whole ? 0 : rng.nextInt(kind.blocks - count);
    long[] versions = new long[count];
    java.util.Arrays.fill(versions, ++clock);
    ReplicaStore.Callback done = queued(first, BlockKind.TOMBSTONE, versions);
    replica.applyRangeIfNewer(at(first), at(first + count) - at(first), clock, done);
  }

  /** Lowers versions, as resync does. */
  private void replace() {
    long[] versions = new long[kind == Kind.WIDE ? 1 : 2];
    java.util.Arrays.setAll(versions, i -> 1 + rng.nextInt((int) clock));
    int first = rng.nextInt(kind.blocks - 2);
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

  /** Lets the power fail at so many different points, or at all if there are not that many. */
  static Outcome crash(long seed, int pointsWanted) {
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
      if (rng.oneIn(4)) {
        workload.checkAfterKill(point, rng, seed * 100_000 + point);
      }
    }
    StoreCounters counters = workload.counters();
    return new Outcome(
        workload.kind, points.size(), all, counters.checkpoints(), counters.collectedBlocks());
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

  /** The process is killed at this point, and the power fails while the next one opens the disk. */
  private void checkAfterKill(int point, SimRng rng, long seed) {
    SimMedium killed = journal.killAt(point, rng);
    SimJournal opening = killed.record();
    StoreFixture next = new StoreFixture(seed, killed).open();
    for (int steps = rng.nextInt(20); steps > 0; steps--) {
      next.step();
    }
    check(opening.powerLossAt(rng.nextInt(opening.size() + 1), rng), point, seed);
  }

  private void check(SimMedium image, int point, long seed) {
    StoreFixture after = new StoreFixture(seed, image).open();
    ReplicaStore found = after.replica("v");
    Flushed flushed = flushes.getFirst();
    for (Flushed flush : flushes) {
      flushed = flush.journalSize <= point ? flush : flushed;
    }
    BlockKind[] kinds = new BlockKind[kind.blocks];
    long[] versions = new long[kind.blocks];
    read(after, kinds, versions);
    int mapped = 0;
    for (int block = 0; block < kind.blocks; block++) {
      checkBlock(block, kinds[block], versions[block], flushed, point);
      mapped += kinds[block] == BlockKind.DATA ? 1 : 0;
    }
    assertThat(found.mappedBlocks()).isEqualTo(mapped);
    assertThat(after.store.space().liveBytes()).isEqualTo((long) mapped << 12);
    after.settle();
    if (kind != Kind.WIDE || seed % 16 == 0) { // which has maps that take long to go through
      assertThat(after.store.segments().liveTotal())
          .as("live units at point %s", point)
          .isEqualTo(StoreProbe.liveUnits(after.store));
    }
    after.reopen();
    BlockKind[] kindsAgain = new BlockKind[kind.blocks];
    long[] versionsAgain = new long[kind.blocks];
    read(after, kindsAgain, versionsAgain);
    assertThat(versionsAgain).isEqualTo(versions);
    assertThat(kindsAgain).isEqualTo(kinds);
  }

  private void read(StoreFixture after, BlockKind[] kinds, long[] versions) {
    int step = kind == Kind.WIDE ? 1 : kind.blocks;
    for (int block = 0; block < kind.blocks; block += step) {
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
