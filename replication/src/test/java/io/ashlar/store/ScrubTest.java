package io.ashlar.store;

import static io.ashlar.block.BlockKind.CORRUPT;
import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.block.BlockKind.TOMBSTONE;
import static io.ashlar.block.BlockKind.UNMAPPED;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage that nobody reads is found, told, and ends with a repair. */
final class ScrubTest {
  private static final long ROUND_NANOS = Duration.ofSeconds(10).toNanos();
  private static final int BLOCKS = 400;

  private final StoreFixture fixture = new StoreFixture(3, 60).format();
  private ReplicaStore replica;

  ScrubTest() {
    fixture.options = new StoreOptions(64 << 10, new ScrubPlan(ROUND_NANOS, 1L << 30));
    fixture.open();
    replica = fixture.create("v");
    for (int block = 0; block < BLOCKS; block++) {
      assertThat(fixture.write(replica, block, block + 1)).isEqualTo(OK);
    }
    closeAll();
  }

  /** Segments are looked at when they are closed: an older process's are. */
  private void closeAll() {
    fixture.sync(replica);
    fixture.store.checkpoint();
    fixture.events.runUntil(fixture.events.now() + ROUND_NANOS / 50);
    fixture.store.close();
    fixture.open();
    replica = fixture.replica("v");
  }

  private void rounds(int count) {
    fixture.events.runUntil(fixture.events.now() + count * (ROUND_NANOS * 3 / 2));
  }

  private StoreCounters counters() {
    return fixture.store.counters();
  }

  /** Extents that the replica tells of within some time. */
  private Set<Long> told() {
    Set<Long> extents = new TreeSet<>();
    for (int i = 0; i < 100; i++) {
      OptionalLong extent = replica.damagedExtent();
      extent.ifPresent(extents::add);
      fixture.events.runUntil(fixture.events.now() + 1_000_000);
    }
    return extents;
  }

  @Test
  void aWholeDiskIsLookedAtInItsTimeAndNothingIsWrong() {
    rounds(1);
    assertThat(counters().scrubbedBytes()).isBetween(BLOCKS * 4096L, 8 * BLOCKS * 4096L);
    assertThat(counters().corruptBlocks()).isZero();
    assertThat(counters().lostNodes()).isZero();
    assertThat(told()).isEmpty();
  }

  @Test
  void aFlippedBitALostWriteAndABadSectorAreFoundWithoutARead() {
    fixture.medium.flipBit(StoreProbe.offset(replica, 5).orElseThrow() + 100, 3);
    fixture.medium.poke(StoreProbe.offset(replica, 100).orElseThrow(), new byte[4096]);
    byte[] misdirected = StoreFixture.bytes(replica.meta().volume(), 1, 2);
    fixture.medium.poke(StoreProbe.offset(replica, 200).orElseThrow(), misdirected);
    fixture.disk.failReads(StoreProbe.offset(replica, 300).orElseThrow(), 4096);
    rounds(1);
    assertThat(counters().corruptBlocks()).isGreaterThanOrEqualTo(4);
    assertThat(told()).containsExactly(0L, 1L, 3L, 4L);
  }

  @Test
  void whatWasRepairedOverwrittenOrTrimmedIsNotToldAnyMore() {
    for (int block : new int[] {5, 100, 200}) {
      fixture.medium.flipBit(StoreProbe.offset(replica, block).orElseThrow(), 1);
    }
    rounds(1);
    StoreFixture.Waiter repaired = fixture.new Waiter();
    replica.repair(fixture.data(replica, 5, 6), repaired);
    assertThat(repaired.await()).isEqualTo(OK);
    assertThat(fixture.write(replica, 100, 1000)).isEqualTo(OK);
    assertThat(fixture.trim(replica, 200, 1, 1001)).isEqualTo(OK);
    told();
    rounds(2);
    assertThat(told()).isEmpty();
    assertThat(counters().repairedBlocks()).isEqualTo(1);
    assertThat(fixture.read(replica, 5, 1).kinds()).containsExactly(DATA);
    assertThat(fixture.read(replica, 200, 1).kinds()).containsExactly(TOMBSTONE);
  }

  /** Dead data may rot: nobody will ever read it. */
  @Test
  void damageInWhatIsDeadIsNotTold() {
    long offset = StoreProbe.offset(replica, 5).orElseThrow();
    assertThat(fixture.write(replica, 5, 1000)).isEqualTo(OK);
    fixture.medium.flipBit(offset, 1);
    rounds(1);
    assertThat(told()).isEmpty();
    assertThat(counters().corruptBlocks()).isZero();
  }

  @Test
  void aDamagedNodeInMemoryIsWrittenAnew() {
    fixture.read(replica, 0, 1);
    long offset = StoreProbe.leafOffset(replica, 0).orElseThrow();
    fixture.medium.flipBit(offset + 20, 1);
    fixture.read(replica, 0, 64);
    rounds(1);
    fixture.store.checkpoint();
    rounds(1);
    assertThat(counters().lostNodes()).isZero();
    assertThat(StoreProbe.leafOffset(replica, 0).orElseThrow()).isNotEqualTo(offset);
    closeAll();
    assertThat(fixture.read(replica, 0, 1).kinds()).containsExactly(DATA);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDamagedNodeOnTheDiskIsLostAndToldUntilItsBlocksAreRepaired(boolean above) {
    long offset =
        above
            ? StoreProbe.midOffset(replica, 0).orElseThrow()
            : StoreProbe.leafOffset(replica, 64).orElseThrow();
    fixture.medium.flipBit(offset + 20, 1);
    closeAll();
    rounds(1);
    assertThat(counters().lostNodes()).isEqualTo(1);
    assertThat(told()).contains(1L);
    closeAll();
    rounds(1);
    assertThat(told()).as("after a restart").contains(1L);
    repairAll();
    rounds(2);
    told();
    assertThat(told()).isEmpty();
    for (int block = 0; block < BLOCKS; block++) {
      assertThat(fixture.read(replica, block, 1).versions()).containsExactly(block + 1);
    }
  }

  /** All of the node above: what was never mapped is repaired too, by a copy that says so. */
  private void repairAll() {
    fixture.persist(replica, replica.meta().withSizeBytes(256L * 64 * 4096));
    for (int first = 0; first < 256 * 64; first += 64) {
      BlockKind[] kinds = new BlockKind[64];
      long[] versions = new long[64];
      for (int i = 0; i < 64; i++) {
        kinds[i] = first + i < BLOCKS ? DATA : UNMAPPED;
        versions[i] = first + i < BLOCKS ? first + i + 1 : 0;
      }
      BlockRun good = fixture.run(replica, first, kinds, versions);
      StoreFixture.Waiter repaired = fixture.new Waiter();
      replica.repair(good, repaired);
      assertThat(repaired.await()).isEqualTo(OK);
    }
  }

  @Test
  void aDamagedCheckpointOrSuperblockIsReplaced() {
    fixture.medium.flipBit(Format.SUPERBLOCK_A_OFFSET + 600, 1);
    rounds(1);
    closeAll();
    fixture.medium.flipBit(Format.SUPERBLOCK_B_OFFSET + 600, 1);
    rounds(1);
    closeAll();
    assertThat(fixture.read(replica, 7, 1).versions()).containsExactly(8);
  }

  @Test
  void scrubbingGoesOnWhereItWas() {
    rounds(1);
    long before = counters().scrubbedBytes();
    assertThat(before).isPositive();
    fixture.options = new StoreOptions(64 << 10, ScrubPlan.NEVER);
    closeAll();
    rounds(1);
    assertThat(counters().scrubbedBytes()).isZero();
    assertThat(fixture.read(replica, 1, 1).kinds()).doesNotContain(CORRUPT);
  }
}
