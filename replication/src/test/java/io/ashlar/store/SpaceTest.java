package io.ashlar.store;

import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.store.ReplicaStore.Result.NO_SPACE;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockRun;
import org.junit.jupiter.api.Test;

/** A disk that is full, nearly full, and gets room again. */
final class SpaceTest {
  private final StoreFixture fixture = new StoreFixture(1, 48).format().open();
  private final ReplicaStore replica = fixture.create("v");
  private long clock = 1;

  /** Writes new blocks one by one until the disk refuses; returns how many it took. */
  private int fill() {
    int block = 0;
    while (fixture.write(replica, block, clock) == OK) {
      block++;
      clock++;
    }
    return block;
  }

  @Test
  void fullDiskSaysSoBeforeAnythingChangesAndKeepsWhatItHas() {
    int count = fill();
    assertThat(count).isGreaterThan(100);
    assertThat(fixture.store.space().freeBytes()).isZero();
    assertThat(replica.reserve(1)).isFalse();
    StoreFixture.Waiter waiter = fixture.new Waiter();
    replica.replace(fixture.data(replica, 5000, 7), Long.MAX_VALUE, waiter);
    assertThat(waiter.await()).isEqualTo(NO_SPACE);
    assertThat(StoreProbe.version(replica, 5000)).isZero();
    fixture.reopen();
    assertThat(fixture.replica("v").mappedBlocks()).isEqualTo(count);
    fixture.read(fixture.replica("v"), 0, count);
    assertThat(fixture.replica("v").reserve(1)).isFalse();
  }

  @Test
  void trimMakesRoomOnAFullDisk() {
    int count = fill();
    assertThat(fixture.trim(replica, 0, count / 2, ++clock)).isEqualTo(OK);
    clock++;
    for (int i = 0; i < count / 2 - 2; i++) {
      assertThat(fixture.write(replica, 1000 + i, clock++)).isEqualTo(OK);
    }
    fixture.reopen();
    BlockRun left = fixture.read(fixture.replica("v"), 0, count);
    assertThat(left.kinds()[count / 2 - 1]).isNotEqualTo(DATA);
    assertThat(left.kinds()[count / 2]).isEqualTo(DATA);
  }

  @Test
  void deletionMakesRoomOnAFullDisk() {
    int count = fill();
    assertThat(fixture.delete("v")).isEqualTo(OK);
    ReplicaStore next = fixture.create("w");
    for (int i = 0; i < count - 2; i++) {
      assertThat(fixture.write(next, i, clock++)).isEqualTo(OK);
    }
  }

  @Test
  void fullDiskStillTakesTrimsAndState() {
    fill();
    for (int i = 0; i < 500; i++) {
      assertThat(fixture.trim(replica, 10_000 + i * 2L, 1, ++clock)).isEqualTo(OK);
      if (i % 50 == 0) {
        assertThat(fixture.persist(replica, replica.meta().running("boot " + i))).isEqualTo(OK);
        replica.dropTombstones(clock);
      }
    }
    fixture.reopen();
    assertThat(fixture.replica("v").meta().runningOn()).isEqualTo("boot 450");
  }

  @Test
  void overwritingGoesOnForEverAtNinetyPercent() {
    int count = (int) (fixture.store.space().totalBytes() / 4096 * 9 / 10) - 10;
    for (int i = 0; i < 4000; i++) {
      int block = i < count ? i : fixture.rng.nextInt(count);
      assertThat(fixture.write(replica, block, ++clock)).as("write %s", i).isEqualTo(OK);
    }
    fixture.reopen();
    fixture.read(fixture.replica("v"), 0, count);
    assertThat(fixture.replica("v").mappedBlocks()).isEqualTo(count);
  }

  @Test
  void segmentIsNotUsedAgainWhileItIsRead() {
    fixture.write(replica, 0, 1, 2, 3);
    clock = 3;
    long[] versions = StoreProbe.peek(replica, 0, 3).versions();
    boolean[] read = new boolean[1];
    fixture.disk.delayNextRead(2_000_000_000L);
    replica.read(
        0,
        3,
        (result, run) -> {
          read[0] = true;
          assertThat(run.kinds()).containsOnly(DATA);
          assertThat(run.versions()).isEqualTo(versions);
          StoreFixture.checkBytes(replica, run);
          run.release();
        });
    for (int i = 0; i < 1500; i++) {
      assertThat(fixture.write(replica, i % 50, ++clock)).isEqualTo(OK);
      if (i == 100) {
        // The state moves on, so that nothing is live in the first segment, and it is collected.
        fixture.persist(replica, replica.meta().running("boot"));
      }
    }
    fixture.settle();
    assertThat(read[0]).isTrue();
  }

  @Test
  void whatIsReservedCanBeWrittenWhateverElseHappens() {
    int reserved = 0;
    while (replica.reserve(1)) {
      reserved++;
    }
    ReplicaStore other = fixture.replica("v");
    for (int i = 0; i < 100; i++) {
      fixture.trim(other, 20_000, 10, ++clock);
    }
    for (int i = 0; i < reserved; i++) {
      StoreFixture.Waiter waiter = fixture.new Waiter();
      replica.applyIfNewer(fixture.data(replica, i, ++clock), true, waiter);
      assertThat(waiter.await()).isEqualTo(OK);
    }
    assertThat(replica.mappedBlocks()).isEqualTo(reserved);
    assertThat(fixture.store.space().reservedBytes()).isZero();
  }
}
