package io.ashlar.store;

import static io.ashlar.block.BlockKind.CORRUPT;
import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.block.BlockKind.TOMBSTONE;
import static io.ashlar.block.BlockKind.UNMAPPED;
import static io.ashlar.store.ReplicaStore.Result.FAILED;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The port's promises one by one, on a disk without faults. */
final class LogStoreTest {
  private final StoreFixture fixture = new StoreFixture(1, 40).format().open();

  @Test
  void whatWasWrittenIsReadAlsoAfterReopening() {
    ReplicaStore replica = fixture.create("a");
    assertThat(fixture.write(replica, 10, 5, 6, 7)).isEqualTo(OK);
    assertThat(fixture.read(replica, 9, 5).kinds())
        .containsExactly(UNMAPPED, DATA, DATA, DATA, UNMAPPED);
    fixture.reopen();
    BlockRun found = fixture.read(fixture.replica("a"), 9, 5);
    assertThat(found.kinds()).containsExactly(UNMAPPED, DATA, DATA, DATA, UNMAPPED);
    assertThat(found.versions()).containsExactly(0, 5, 6, 7, 0);
    assertThat(fixture.replica("a").mappedBlocks()).isEqualTo(3);
  }

  @Test
  void olderVersionsChangeNothingAndEqualOnesAreDone() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 8);
    assertThat(fixture.write(replica, 0, 7)).isEqualTo(OK);
    assertThat(fixture.write(replica, 0, 8)).isEqualTo(OK);
    assertThat(StoreProbe.version(replica, 0)).isEqualTo(8);
    assertThat(fixture.store.space().reservedBytes()).isZero();
  }

  @Test
  void versionsAreComparedWithWhatIsStillQueued() {
    ReplicaStore replica = fixture.create("a");
    StoreFixture.Waiter[] waiters = new StoreFixture.Waiter[3];
    long[] versions = {9, 4, 12};
    for (int i = 0; i < 3; i++) {
      waiters[i] = fixture.new Waiter();
      replica.reserve(1);
      replica.applyIfNewer(fixture.data(replica, 0, versions[i]), true, waiters[i]);
    }
    assertThat(StoreProbe.version(replica, 0)).isZero();
    for (StoreFixture.Waiter waiter : waiters) {
      assertThat(waiter.await()).isEqualTo(OK);
    }
    assertThat(StoreProbe.version(replica, 0)).isEqualTo(12);
    fixture.reopen();
    assertThat(StoreProbe.version(fixture.replica("a"), 0)).isEqualTo(12);
  }

  @Test
  void trimLeavesNewerBlocksAlone() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 1, 2, 30, 4);
    assertThat(fixture.trim(replica, 0, 1L << 28, 20)).isEqualTo(OK);
    fixture.reopen();
    replica = fixture.replica("a");
    BlockRun found = fixture.read(replica, 0, 5);
    assertThat(found.kinds()).containsExactly(TOMBSTONE, TOMBSTONE, DATA, TOMBSTONE, TOMBSTONE);
    assertThat(found.versions()).containsExactly(20, 20, 30, 20, 20);
    assertThat(fixture.above(replica, 19))
        .containsExactly(
            new TailEntry(0, 2, 20, true),
            new TailEntry(2, 1, 30, false),
            new TailEntry(3, (1L << 28) - 3, 20, true));
    replica.dropTombstones(20);
    assertThat(StoreProbe.peek(replica, 0, 3).kinds()).containsExactly(UNMAPPED, UNMAPPED, DATA);
    assertThat(StoreProbe.extentVersion(replica, 100)).isEqualTo(20);
  }

  @Test
  void replaceLowersVersionsAndKeepsWhatIsLive() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 50, 51, 52, 100);
    BlockKind[] kinds = {DATA, TOMBSTONE, UNMAPPED, DATA};
    BlockRun run = fixture.run(replica, 0, kinds, new long[] {3, 4, 0, 5});
    assertThat(fixture.replace(replica, run, 100)).isEqualTo(OK);
    fixture.reopen();
    BlockRun found = fixture.read(fixture.replica("a"), 0, 4);
    assertThat(found.kinds()).containsExactly(DATA, TOMBSTONE, UNMAPPED, DATA);
    assertThat(found.versions()).containsExactly(3, 4, 0, 100);
    assertThat(StoreProbe.extentVersion(fixture.replica("a"), 0)).isEqualTo(100);
  }

  @Test
  void damagedBlockIsCorruptUntilRepaired() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 1, 2, 3);
    fixture.medium.flipBit(StoreProbe.offset(replica, 1).getAsLong(), 3);
    assertThat(fixture.read(replica, 0, 3).kinds()).containsExactly(DATA, CORRUPT, DATA);
    StoreFixture.Waiter waiter = fixture.new Waiter();
    replica.repair(fixture.data(replica, 0, 1, 2, 3), waiter);
    assertThat(waiter.await()).isEqualTo(OK);
    assertThat(fixture.read(replica, 0, 3).kinds()).containsExactly(DATA, DATA, DATA);
  }

  @Test
  void unreadableBlockIsCorruptAndTheRestIsRead() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 1, 2, 3);
    fixture.disk.failReads(StoreProbe.offset(replica, 1).getAsLong(), 4096);
    assertThat(fixture.read(replica, 0, 3).kinds()).containsExactly(DATA, CORRUPT, DATA);
    assertThat(fixture.store.failed()).isFalse();
  }

  @Test
  void metaIsDurableAndProgressTravelsWithOtherWrites() {
    ReplicaStore replica = fixture.create("a");
    ReplicaMeta next =
        replica
            .meta()
            .running("boot-1")
            .withIncomplete(Optional.of(new ReplicaMeta.Incomplete(4, 2)))
            .withUnclean(true);
    assertThat(fixture.persist(replica, next)).isEqualTo(OK);
    assertThat(replica.meta()).isEqualTo(next);
    replica.noteProgress(77, 66);
    replica.noteProgress(70, 60);
    fixture.write(replica, 0, 80);
    fixture.reopen();
    assertThat(fixture.replica("a").meta()).isEqualTo(next.withProgress(77, 66));
  }

  @Test
  void raisedExtentsAreFoundAgain() {
    ReplicaStore replica = fixture.create("a");
    StoreFixture.Waiter waiter = fixture.new Waiter();
    replica.raiseExtents(new long[] {3, 4, 9}, new long[] {5, 5, 6}, waiter);
    assertThat(waiter.await()).isEqualTo(OK);
    fixture.reopen();
    assertThat(fixture.extentsAbove(fixture.replica("a"), 0, 0, 10)).containsExactly(3, 4, 9);
    assertThat(fixture.extentsAbove(fixture.replica("a"), 5, 0, 10)).containsExactly(9);
    assertThat(fixture.extentsAbove(fixture.replica("a"), 0, 4, 1)).containsExactly(4);
  }

  /** A process that dies again and again never comes to the checkpoint that a long life makes. */
  @Test
  void shortLivesLeaveNoMoreToReadThanALongOne() {
    StoreFixture lives = new StoreFixture(3, 200).format().open();
    lives.create("v");
    long version = 0;
    for (int life = 0; life < 40; life++) {
      for (int block = 0; block < 60; block++) {
        assertThat(lives.write(lives.replica("v"), block, ++version)).isEqualTo(OK);
      }
      lives.crash();
      lives.open();
      lives.settle();
      assertThat(lives.store.opened()).matches("segments=(1?[0-9]|2[0-4]) .*");
    }
  }

  @Test
  void deletedReplicaStaysDeletedAndItsNameIsFree() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 1, 2, 3);
    assertThatThrownBy(() -> fixture.store.create(StoreFixture.meta("a"), ignored -> {}))
        .hasMessageContaining("has a replica of a");
    assertThat(fixture.delete("a")).isEqualTo(OK);
    assertThat(fixture.store.space().liveBytes()).isZero();
    fixture.create("a");
    fixture.reopen();
    assertThat(fixture.replica("a").mappedBlocks()).isZero();
    assertThat(fixture.delete("a")).isEqualTo(OK);
    fixture.reopen();
    assertThat(fixture.store.replica(new VolumeId("a"))).isEmpty();
    assertThat(fixture.delete("nobody")).isEqualTo(OK);
  }

  @Test
  void failedSyncIsFinal() {
    ReplicaStore replica = fixture.create("a");
    fixture.write(replica, 0, 1);
    fixture.disk.failSyncs();
    assertThat(fixture.sync(replica)).isEqualTo(FAILED);
    fixture.disk.heal();
    assertThat(fixture.store.failed()).isTrue();
    assertThat(fixture.sync(replica)).isEqualTo(FAILED);
    assertThat(fixture.write(replica, 0, 2)).isEqualTo(FAILED);
    fixture.settle();
    assertThat(fixture.pool.outstanding()).isZero();
  }

  @Test
  void failedWriteIsFinalForEverythingQueued() {
    ReplicaStore replica = fixture.create("a");
    fixture.disk.failWrites(0, fixture.disk.sizeBytes());
    StoreFixture.Waiter first = fixture.new Waiter();
    StoreFixture.Waiter second = fixture.new Waiter();
    replica.reserve(2);
    replica.applyIfNewer(fixture.data(replica, 0, 1), true, first);
    replica.applyIfNewer(fixture.data(replica, 0, 2), true, second);
    assertThat(first.await()).isEqualTo(FAILED);
    assertThat(second.await()).isEqualTo(FAILED);
    fixture.settle();
    assertThat(fixture.pool.outstanding()).isZero();
  }
}
