package io.ashlar.store;

import static io.ashlar.block.BlockKind.CORRUPT;
import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.block.BlockKind.TOMBSTONE;
import static io.ashlar.block.BlockKind.UNMAPPED;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.sim.SimRng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Maps that are much larger than the memory for them. */
final class PagedMapTest {
  /** 1 TiB. */
  private static final long BLOCKS = 1L << 28;

  private final StoreFixture fixture = new StoreFixture(1, 96).format().open();
  private ReplicaStore replica = fixture.create("v");
  private final SimRng rng = new SimRng(7);
  private final TreeMap<Long, Long> written = new TreeMap<>();
  private long clock = 1;

  private void writeAnywhere(int count) {
    for (int i = 0; i < count; i++) {
      long block = rng.oneIn(3) && !written.isEmpty() ? someWritten() : rng.between(0, BLOCKS - 1);
      clock++;
      assertThat(fixture.write(replica, block, clock)).isEqualTo(OK);
      written.put(block, clock);
    }
  }

  private long someWritten() {
    return new ArrayList<>(written.keySet()).get(rng.nextInt(written.size()));
  }

  private void checkAll() {
    replica = fixture.replica("v");
    assertThat(replica.mappedBlocks()).isEqualTo(written.size());
    for (Map.Entry<Long, Long> one : written.entrySet()) {
      BlockRun found = fixture.read(replica, one.getKey(), 1);
      assertThat(found.kinds()).as("block %s", one.getKey()).containsExactly(DATA);
      assertThat(found.versions()).containsExactly(one.getValue());
    }
    assertThat(fixture.store.space().liveBytes()).isEqualTo((long) written.size() << 12);
  }

  @Test
  void blocksAllOverATebibyteAreFoundAgain() {
    writeAnywhere(700);
    checkAll();
    fixture.reopen();
    checkAll();
    writeAnywhere(300);
    fixture.crash();
    fixture.open();
    checkAll();
    assertThat(fixture.store.cache().usedBytes()).isLessThan(200 << 10);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void overwritingGoesOnAndSpaceComesBack(int seed) {
    SimRng mine = new SimRng(seed);
    for (int i = 0; i < 6000; i++) {
      long block = mine.nextInt(900) * 300_007L;
      clock++;
      assertThat(fixture.write(replica, block, clock)).isEqualTo(OK);
      written.put(block, clock);
      if (i % 2000 == 1999) {
        fixture.losePower();
        fixture.open();
        replica = fixture.replica("v");
        forgetWhatWasNotFlushed();
      } else if (i % 100 == 0) {
        fixture.sync(replica);
      }
    }
    checkAll();
  }

  /** After a power loss each block has some version that it had; from here on that one counts. */
  private void forgetWhatWasNotFlushed() {
    for (long block : List.copyOf(written.keySet())) {
      long version = StoreProbe.version(replica, block);
      if (version == 0) {
        written.remove(block);
      } else {
        written.put(block, version);
      }
    }
  }

  @Test
  void aTebibyteIsTrimmedAtOnceAndItsSpaceComesBack() {
    writeAnywhere(600);
    long free = fixture.store.space().freeBytes();
    clock++;
    assertThat(fixture.trim(replica, 0, BLOCKS, clock)).isEqualTo(OK);
    assertThat(replica.mappedBlocks()).isZero();
    assertThat(fixture.store.space().freeBytes())
        .isGreaterThan(free + ((written.size() - 30L) << 12));
    assertThat(fixture.read(replica, someWritten(), 1).kinds()).containsExactly(TOMBSTONE);
    fixture.settle();
    assertThat(fixture.store.segments().liveTotal()).as("units of nodes").isLessThan(8192);
    replica.dropTombstones(clock);
    assertThat(fixture.read(replica, someWritten(), 1).kinds()).containsExactly(UNMAPPED);
    fixture.reopen();
    replica = fixture.replica("v");
    written.clear();
    writeAnywhere(600);
    checkAll();
  }

  @Test
  void aTrimSparesWhatIsNewerAndOneBlockMakesNoDifference() {
    writeAnywhere(200);
    long newer = someWritten();
    long version = clock + 1;
    clock += 2;
    assertThat(fixture.write(replica, newer, clock)).isEqualTo(OK);
    assertThat(fixture.trim(replica, 0, BLOCKS, version)).isEqualTo(OK);
    assertThat(replica.mappedBlocks()).isEqualTo(1);
    fixture.reopen();
    replica = fixture.replica("v");
    assertThat(fixture.read(replica, newer, 1).versions()).containsExactly(clock);
    assertThat(fixture.above(replica, version - 1)).hasSizeLessThan(6);
  }

  @Test
  void aDeletedReplicaLeavesNothingBehind() {
    writeAnywhere(600);
    fixture.reopen();
    assertThat(fixture.delete("v")).isEqualTo(OK);
    fixture.settle();
    assertThat(fixture.store.segments().liveTotal()).isZero();
    fixture.crash();
    fixture.open();
    fixture.settle();
    assertThat(fixture.store.segments().liveTotal()).isZero();
  }

  @Test
  void aCrashHasNotMuchOfTheLogToRead() {
    for (int i = 0; i < 4000; i++) {
      assertThat(fixture.write(replica, i % 700, ++clock)).isEqualTo(OK);
    }
    fixture.crash();
    fixture.open();
    assertThat(fixture.disk.readsNow()).as("reads to open the disk").isLessThan(400);
  }

  private long someOnDisk() {
    return written.keySet().stream()
        .filter(each -> StoreProbe.leafOffset(replica, each).isPresent())
        .findFirst()
        .orElseThrow();
  }

  /** Damages the leaf of some block, or the node above it; returns the block. */
  private long damageMapOfSome(boolean above) {
    fixture.store.checkpoint();
    fixture.settle();
    long block = someOnDisk();
    long offset =
        above
            ? StoreProbe.midOffset(replica, block).orElseThrow()
            : StoreProbe.leafOffset(replica, block).orElseThrow();
    fixture.medium.flipBit(offset + 20, 3);
    return block;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDamagedNodeCostsWhatItToldOfAndNothingElse(boolean above) {
    writeAnywhere(300);
    long lost = damageMapOfSome(above);
    fixture.reopen();
    replica = fixture.replica("v");
    BlockRun found = fixture.read(replica, lost, 1);
    assertThat(found.kinds()).containsExactly(CORRUPT);
    assertThat(found.versions()).containsExactly(0);
    assertThat(fixture.store.counters().lostNodes()).isEqualTo(1);
    assertThat(fixture.store.counters().lastLoss()).contains("is damaged");
    assertThat(fixture.store.failed()).isFalse();
    int shift = above ? 14 : 6;
    for (Map.Entry<Long, Long> one : written.entrySet()) {
      boolean below = one.getKey() >>> shift == lost >>> shift;
      assertThat(fixture.read(replica, one.getKey(), 1).kinds()[0])
          .as("block %s", one.getKey())
          .isEqualTo(below ? CORRUPT : DATA);
    }
    fixture.reopen();
    assertThat(fixture.read(fixture.replica("v"), lost, 1).kinds()).containsExactly(CORRUPT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsWrittenTrimmedOrRepairedIsNotLostAnyMore(boolean above) {
    writeAnywhere(300);
    long first = damageMapOfSome(above) / 64 * 64;
    fixture.reopen();
    replica = fixture.replica("v");
    assertThat(fixture.write(replica, first, ++clock)).isEqualTo(OK);
    assertThat(fixture.trim(replica, first + 1, 1, ++clock)).isEqualTo(OK);
    StoreFixture.Waiter repaired = fixture.new Waiter();
    BlockRun good =
        fixture.run(
            replica,
            first + 2,
            new BlockKind[] {DATA, UNMAPPED, TOMBSTONE, CORRUPT},
            new long[] {5, 0, 7, 8});
    replica.repair(good, repaired);
    assertThat(repaired.await()).isEqualTo(OK);
    BlockRun pulled =
        fixture.run(replica, first + 6, new BlockKind[] {DATA, UNMAPPED}, new long[] {9, 0});
    assertThat(fixture.replace(replica, pulled, 3)).isEqualTo(OK);
    assertThat(fixture.store.counters().repairedBlocks()).isEqualTo(3);
    for (int i = 0; i < 2; i++) {
      BlockRun found = fixture.read(replica, first, 9);
      assertThat(found.kinds())
          .containsExactly(
              DATA, TOMBSTONE, DATA, UNMAPPED, TOMBSTONE, CORRUPT, DATA, UNMAPPED, CORRUPT);
      assertThat(found.versions()).containsExactly(clock - 1, clock, 5, 0, 7, 0, 9, 0, 0);
      fixture.reopen();
      replica = fixture.replica("v");
    }
    written.keySet().removeIf(block -> block >>> 14 == first >>> 14);
    for (Map.Entry<Long, Long> one : written.entrySet()) {
      assertThat(fixture.read(replica, one.getKey(), 1).kinds()).containsExactly(DATA);
    }
  }

  /** The log after the last checkpoint has news of an extent of which the map cannot be read. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDamagedNodeIsFoundWhenADiskIsOpened(boolean above) {
    writeAnywhere(300);
    long lost = damageMapOfSome(above);
    assertThat(fixture.write(replica, lost, ++clock)).isEqualTo(OK);
    fixture.crash();
    fixture.open();
    replica = fixture.replica("v");
    assertThat(fixture.read(replica, lost, 1).versions()).containsExactly(clock);
    assertThat(fixture.read(replica, lost ^ 1, 1).kinds()).containsExactly(CORRUPT);
    assertThat(fixture.store.counters().lostNodes()).isEqualTo(1);
  }

  /** Much of what is trimmed may be newer: it is looked at part by part, and none is touched. */
  @Test
  void anOldTrimOfATebibyteFullOfNewerBlocksFitsIntoTheMemory() {
    long old = clock;
    clock += 10;
    writeAnywhere(700);
    assertThat(fixture.trim(replica, 0, BLOCKS, old)).isEqualTo(OK);
    assertThat(fixture.store.cache().usedBytes()).isLessThan(400 << 10);
    checkAll();
  }
}
