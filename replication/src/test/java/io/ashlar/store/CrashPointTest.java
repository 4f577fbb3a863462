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
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Records every write and sync of a workload and lets the power fail at many points of it, with
 * unsynced sectors kept, dropped and torn in any combination. The store must open, hold what was
 * flushed, hold for every other block something that was written to it, and account for its space.
 * {@code -Dstore.crashes=N} tries more points of each workload.
 */
final class CrashPointTest {
  private static final int BLOCKS = 120;
  private static final int OPERATIONS = 400;

  static LongStream seeds() {
    return LongStream.rangeClosed(1, Long.getLong("store.workloads", 4));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyCrashPointRecovers(long seed) {
    Workload workload = new Workload(seed);
    workload.run();
    SimRng rng = new SimRng(seed).fork("crashes");
    int points = workload.journal.size();
    for (int i = 0; i < Integer.getInteger("store.crashes", 120); i++) {
      int point = rng.nextInt(points + 1);
      SimMedium image = workload.journal.powerLossAt(point, rng);
      workload.check(image, point, seed * 1000 + i);
    }
  }

  @Test
  void sameSeedGivesTheSameDisk() {
    Workload first = new Workload(9);
    Workload second = new Workload(9);
    first.run();
    second.run();
    assertThat(first.journal.size()).isEqualTo(second.journal.size());
    byte[] one = new byte[(int) first.fixture.medium.sizeBytes()];
    byte[] other = one.clone();
    first.journal.powerLossAt(first.journal.size() / 2, new SimRng(3)).read(0, one);
    second.journal.powerLossAt(second.journal.size() / 2, new SimRng(3)).read(0, other);
    assertThat(java.util.Arrays.equals(one, other)).isTrue();
  }

  /** A state that was queued when the journal had this size. */
  private record Queued(int journalSize, BlockKind kind, long version) {}

  /**
   * From this journal size on, the first {@code states[b]} + 1 states of block b are in the past.
   */
  private record Flushed(int journalSize, int[] states, ReplicaMeta meta) {}

  /** Operations one after the other queued, and answered whenever they are. */
  private static final class Workload {
    private final StoreFixture fixture;
    private final SimRng rng;
    private final TreeMap<Integer, List<Queued>> states = new TreeMap<>();
    private final List<Flushed> flushes = new ArrayList<>();
    private final int[] applied = new int[BLOCKS];
    private SimJournal journal;
    private ReplicaStore replica;
    private long clock = 10;

    Workload(long seed) {
      fixture = new StoreFixture(seed, 40).format().open();
      rng = new SimRng(seed).fork("workload");
      for (int block = 0; block < BLOCKS; block++) {
        states.put(block, new ArrayList<>(List.of(new Queued(0, BlockKind.UNMAPPED, 0))));
      }
    }

    void run() {
      replica = fixture.create("v");
      journal = fixture.medium.record();
      flushes.add(new Flushed(0, applied.clone(), replica.meta()));
      for (int i = 0; i < OPERATIONS; i++) {
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
      int count = 1 + rng.nextInt(12);
      int first = rng.nextInt(BLOCKS - count);
      if (!replica.reserve(count)) {
        return;
      }
      long[] versions = new long[count];
      for (int i = 0; i < count; i++) {
        versions[i] = ++clock;
      }
      ReplicaStore.Callback done = queued(first, BlockKind.DATA, versions);
      replica.applyIfNewer(fixture.data(replica, first, versions), true, done);
    }

    private void trim() {
      int count = 1 + rng.nextInt(60);
      int first = rng.nextInt(BLOCKS - count);
      long[] versions = new long[count];
      java.util.Arrays.fill(versions, ++clock);
      ReplicaStore.Callback done = queued(first, BlockKind.TOMBSTONE, versions);
      replica.applyRangeIfNewer(first, count, clock, done);
    }

    /** Lowers versions, as resync does. */
    private void replace() {
      long[] versions = {1 + rng.nextInt((int) clock), 1 + rng.nextInt((int) clock)};
      int first = rng.nextInt(BLOCKS - 2);
      if (fixture.store.space().freeBytes() > 1 << 16) {
        BlockRun run = fixture.data(replica, first, versions);
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

    void check(SimMedium image, int point, long seed) {
      StoreFixture after = new StoreFixture(seed, image).open();
      ReplicaStore found = after.replica("v");
      Flushed flushed = flushes.getFirst();
      for (Flushed flush : flushes) {
        flushed = flush.journalSize <= point ? flush : flushed;
      }
      BlockRun blocks = after.read(found, 0, BLOCKS);
      for (int block = 0; block < BLOCKS; block++) {
        checkBlock(block, blocks.kinds()[block], blocks.versions()[block], flushed, point);
      }
      assertThat(after.store.space().liveBytes()).isEqualTo(found.mappedBlocks() << 12);
      after.reopen();
      BlockRun again = after.read(after.replica("v"), 0, BLOCKS);
      assertThat(again.versions()).isEqualTo(blocks.versions());
      assertThat(again.kinds()).isEqualTo(blocks.kinds());
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
}
