package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.sim.SimRng;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Bits flip in data and maps of a disk. Whatever is read is what was written, or says that it is
 * damaged; and scrubbing finds all of it without a read.
 */
final class DamageRun {
  private static final int BLOCKS = 300;
  private static final long ROUND_NANOS = Duration.ofSeconds(10).toNanos();

  /** What a block holds; version 0 is unmapped. */
  private record State(BlockKind kind, long version) {}

  private final SimRng rng;
  private final StoreFixture fixture;
  private final long spread;
  private final TreeMap<Long, State> model = new TreeMap<>();
  private final TreeSet<Long> rotten = new TreeSet<>();
  private ReplicaStore replica;
  private long clock = 1;

  private DamageRun(long seed) {
    rng = new SimRng(seed).fork("damage");
    spread = rng.oneIn(2) ? 1 : 70_001;
    fixture = new StoreFixture(seed, 60).format();
    fixture.sealing = seed % 2 == 0;
    fixture.options = new StoreOptions(1, new ScrubPlan(ROUND_NANOS, 1L << 30));
    fixture.open();
    replica = fixture.create("v");
  }

  static void run(long seed) {
    DamageRun run = new DamageRun(seed);
    run.write();
    run.reopen();
    run.damage();
    run.reopen();
    run.check();
  }

  private void write() {
    for (int i = 0; i < BLOCKS * 2; i++) {
      long block = rng.nextInt(BLOCKS) * spread;
      clock++;
      if (rng.oneIn(8)) {
        fixture.trim(replica, block, 1, clock);
        model.put(block, new State(BlockKind.TOMBSTONE, clock));
      } else {
        fixture.write(replica, block, clock);
        model.put(block, new State(BlockKind.DATA, clock));
      }
    }
  }

  /** Segments are closed then, and nothing is in memory. */
  private void reopen() {
    fixture.sync(replica);
    fixture.store.checkpoint();
    fixture.events.runUntil(fixture.events.now() + ROUND_NANOS / 50);
    fixture.store.close();
    fixture.open();
    replica = fixture.replica("v");
  }

  private void damage() {
    for (int i = 1 + rng.nextInt(6); i > 0; i--) {
      long block = model.keySet().stream().toList().get(rng.nextInt(model.size()));
      OptionalLong data = StoreProbe.offset(replica, block);
      OptionalLong leaf = StoreProbe.leafOffset(replica, block);
      OptionalLong mid = StoreProbe.midOffset(replica, block);
      int where = rng.nextInt(4);
      if (where == 0 && mid.isPresent()) {
        fixture.medium.flipBit(mid.getAsLong() + 16 + rng.nextInt(16), rng.nextInt(8));
      } else if (where == 1 && leaf.isPresent()) {
        fixture.medium.flipBit(leaf.getAsLong() + rng.nextInt(32), rng.nextInt(8));
      } else if (data.isPresent() && rotten.add(block)) {
        int at = rng.nextInt(StoreProbe.storedBytes(replica, block));
        fixture.medium.flipBit(data.getAsLong() + at, rng.nextInt(8));
      }
    }
  }

  private void check() {
    fixture.events.runUntil(fixture.events.now() + 3 * ROUND_NANOS);
    TreeSet<Long> told = new TreeSet<>();
    for (int i = 0; i < 2000; i++) {
      replica.damagedExtent().ifPresent(told::add);
      fixture.events.runUntil(fixture.events.now() + 1_000_000);
    }
    for (long block : model.keySet()) {
      BlockRun found = fixture.read(replica, block, 1);
      State wanted = model.get(block);
      if (found.kinds()[0] == BlockKind.CORRUPT) {
        assertThat(told).as("block %s is damaged", block).contains(block / 64);
      } else {
        assertThat(new State(found.kinds()[0], found.versions()[0]))
            .as("block %s", block)
            .isEqualTo(wanted);
        assertThat(rotten).as("blocks whose bytes are damaged").doesNotContain(block);
      }
    }
  }
}
