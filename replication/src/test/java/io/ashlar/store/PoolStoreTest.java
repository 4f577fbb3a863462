package io.ashlar.store;

import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.block.BlockKind.TOMBSTONE;
import static io.ashlar.block.BlockKind.UNMAPPED;
import static io.ashlar.store.PoolFixture.SHARD_BLOCKS;
import static io.ashlar.store.ReplicaStore.Result.GONE;
import static io.ashlar.store.ReplicaStore.Result.NO_SPACE;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.TailEntry;
import io.ashlar.env.Roster;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaMeta.Incomplete;
import io.ashlar.model.ReplicaMeta.Promise;
import io.ashlar.sim.SimMedium;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes of replicas when the disks under them come, go and fail. */
final class PoolStoreTest {
  private final PoolFixture fixture = new PoolFixture(1, 3, 40).open();
  private final StoreFixture on = fixture.on;

  /** Writes one block in each of the first shards. */
  private void writeShards(ReplicaStore replica, int shards, long version) {
    for (int shard = 0; shard < shards; shard++) {
      assertThat(on.write(replica, (long) shard * SHARD_BLOCKS, version + shard)).isEqualTo(OK);
    }
  }

  @Test
  void shardsAreSpreadEvenlyAndFoundAgain() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 6, 10);
    int[] counts = new int[3];
    for (int shard = 0; shard < 6; shard++) {
      counts[fixture.diskOf(replica, (long) shard * SHARD_BLOCKS)]++;
    }
    assertThat(counts).containsOnly(2);
    assertThat(on.sync(replica)).isEqualTo(OK);
    fixture.losePower();
    fixture.open();
    for (int shard = 0; shard < 6; shard++) {
      assertThat(on.read(fixture.replica("a"), (long) shard * SHARD_BLOCKS, 1).versions())
          .containsExactly(10 + shard);
    }
  }

  @Test
  void whatLiesAcrossShardsIsWrittenTrimmedAndReadAsOne() {
    ReplicaStore replica = fixture.create("a");
    long first = SHARD_BLOCKS - 2;
    assertThat(on.write(replica, first, 5, 6, 7, 9)).isEqualTo(OK);
    assertThat(fixture.diskOf(replica, first)).isNotEqualTo(fixture.diskOf(replica, first + 2));
    assertThat(on.trim(replica, first + 1, 3L * SHARD_BLOCKS, 8)).isEqualTo(OK);
    assertThat(on.read(replica, first - 1, 6).kinds())
        .containsExactly(UNMAPPED, DATA, TOMBSTONE, TOMBSTONE, DATA, TOMBSTONE);
    assertThat(on.above(replica, 6))
        .contains(new TailEntry(first + 3, 1, 9, false))
        .isSortedAccordingTo((a, b) -> Long.compare(a.firstBlock(), b.firstBlock()));
    long[] all = on.extentsAbove(replica, 0, 0, 100);
    assertThat(all).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(5);
    assertThat(on.extentsAbove(replica, 0, all[2], 2)).containsExactly(all[2], all[3]);
    assertThat(fixture.pool.space().reservedBytes()).isZero();
    fixture.reopen();
    assertThat(on.read(fixture.replica("a"), first, 4).versions()).containsExactly(5, 8, 8, 9);
  }

  @Test
  void writesToOneNewShardKeepTheirOrder() {
    ReplicaStore replica = fixture.create("a");
    StoreFixture.Waiter[] waiters = new StoreFixture.Waiter[3];
    long[] versions = {9, 4, 12};
    for (int i = 0; i < 3; i++) {
      waiters[i] = on.new Waiter();
      replica.reserve(1);
      replica.applyIfNewer(on.data(replica, 0, versions[i]), true, waiters[i]);
    }
    for (StoreFixture.Waiter waiter : waiters) {
      assertThat(waiter.await()).isEqualTo(OK);
    }
    assertThat(on.read(replica, 0, 1).versions()).containsExactly(12);
  }

  @Test
  void aFailedDiskTakesItsShardsAndNothingElse() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    int broken = fixture.diskOf(replica, 0);
    fixture.breakDisk(broken);
    assertThat(replica.isComplete()).isFalse();
    assertThat(fixture.pool.failed()).isFalse();
    assertThat(on.write(replica, 1, 20)).isEqualTo(GONE);
    assertThat(on.sync(replica)).isEqualTo(GONE);
    assertThat(on.write(replica, SHARD_BLOCKS, 21)).isEqualTo(OK);
    assertThat(on.read(replica, SHARD_BLOCKS, 1).versions()).containsExactly(21);
    assertThat(fixture.known.orElseThrow().disks()).hasSize(2);
  }

  @Test
  void anAttemptPutsLostShardsElsewhereAndSaysSoUntilItJoins() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    int broken = fixture.diskOf(replica, 0);
    fixture.breakDisk(broken);
    begin(replica, 1);
    assertThat(replica.isComplete()).isTrue();
    assertThat(replica.fresh()).containsExactly(new long[] {0, SHARD_BLOCKS});
    assertThat(on.read(replica, 0, 1).kinds()).containsExactly(UNMAPPED);
    assertThat(on.write(replica, 0, 10)).isEqualTo(OK);
    List<SimMedium> left = without(fixture.mediums, broken);
    crashAndOpen(left);
    replica = fixture.replica("a");
    assertThat(replica.isComplete()).isTrue();
    assertThat(replica.fresh()).containsExactly(new long[] {0, SHARD_BLOCKS});
    on.persist(replica, replica.meta().withIncomplete(Optional.empty()));
    assertThat(replica.fresh()).isEmpty();
    assertThat(on.sync(replica)).isEqualTo(OK);
    assertThat(on.read(replica, 0, 1).versions()).containsExactly(10);
  }

  @Test
  void whatADiskThatComesBackHadIsNotSeenAgain() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    assertThat(on.write(replica, 1, 15)).isEqualTo(OK);
    int broken = fixture.diskOf(replica, 0);
    fixture.breakDisk(broken);
    begin(replica, 1);
    assertThat(on.write(replica, 0, 30)).isEqualTo(OK);
    on.persist(replica, replica.meta().withIncomplete(Optional.empty()));
    crashAndOpen(fixture.mediums);
    replica = fixture.replica("a");
    assertThat(replica.meta().unclean()).isFalse();
    assertThat(on.read(replica, 0, 2).versions()).containsExactly(30, 0);
    // Its turn comes again: what it had then must not be in the way.
    for (int shard = 3; shard < 30; shard++) {
      assertThat(on.write(replica, (long) shard * SHARD_BLOCKS, 50)).isEqualTo(OK);
    }
    assertThat(disksOf(replica, 30)).hasSize(3);
    long old = Math.max(0, replica.mappedBlocks());
    assertThat(old).isEqualTo(30);
  }

  @Test
  void aDiskThatWasLeftBehindIsKnownForIt() throws IOException {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    Promise promise = replica.meta().promise();
    fixture.breakDisk(0);
    begin(replica, 1);
    on.persist(
        replica, replica.meta().withPromise(new Promise(99, promise.view(), promise.holder())));
    crash();
    fixture.tryOpen(List.of(fixture.mediums.getFirst()));
    replica = fixture.replica("a");
    assertThat(replica.isComplete()).isFalse();
    // The others come back: theirs is the newest, although this one was in use alone since.
    crash();
    fixture.tryOpen(fixture.mediums);
    replica = fixture.replica("a");
    assertThat(replica.meta().unclean() || !replica.isComplete()).isTrue();
  }

  @Test
  void aDiskThatHadAllAndWasLeftBehindIsUnclean() throws IOException {
    ReplicaStore replica = fixture.create("a");
    on.persist(replica, replica.meta().running("boot"));
    assertThat(on.write(replica, 0, 10)).isEqualTo(OK);
    int broken = fixture.diskOf(replica, 0);
    fixture.breakDisk(broken);
    begin(replica, 1);
    assertThat(on.write(replica, 0, 20)).isEqualTo(OK);
    on.persist(replica, replica.meta().withIncomplete(Optional.empty()));
    crash();
    fixture.tryOpen(List.of(fixture.mediums.get(broken)));
    assertThat(fixture.replica("a").isComplete()).isTrue();
    assertThat(fixture.replica("a").meta().unclean()).isTrue();
  }

  @Test
  void halfAPoolWithoutWhatTheNodeKnewIsRefused() {
    writeShards(fixture.create("a"), 3, 10);
    crash();
    fixture.known = Optional.empty();
    assertThatThrownBy(() -> fixture.tryOpen(without(fixture.mediums, 1)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("ids 00000000000003ea are not here");
    fixture.open();
    assertThat(on.read(fixture.replica("a"), 0, 1).versions()).containsExactly(10);
  }

  @Test
  void aNodeDoesNotBeginAnewByMistake() {
    writeShards(fixture.create("a"), 3, 10);
    crash();
    assertThatThrownBy(() -> fixture.tryOpen(List.of(fixture.blank())))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("only blank ones");
    fixture.open();
    assertThat(on.read(fixture.replica("a"), 0, 1).versions()).containsExactly(10);
  }

  @Test
  void whatWasClosedIsCleanWhenItsDiskComesBack() throws IOException {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    on.sync(replica);
    int absent = fixture.diskOf(replica, 0);
    crash();
    fixture.tryOpen(without(fixture.mediums, absent));
    assertThat(fixture.replica("a").isComplete()).isFalse();
    crash();
    fixture.tryOpen(fixture.mediums);
    replica = fixture.replica("a");
    assertThat(replica.isComplete()).isTrue();
    assertThat(replica.meta().closed()).isTrue();
    assertThat(replica.meta().unclean()).isFalse();
    assertThat(on.read(replica, 0, 1).versions()).containsExactly(10);
  }

  @Test
  void whatWasInUseIsUncleanWhenItsDiskComesBack() throws IOException {
    ReplicaStore replica = fixture.create("a");
    on.persist(replica, replica.meta().running("boot"));
    writeShards(replica, 3, 10);
    fixture.breakDisk(fixture.diskOf(replica, 0));
    crash();
    fixture.tryOpen(fixture.mediums);
    assertThat(fixture.replica("a").isComplete()).isTrue();
    assertThat(fixture.replica("a").meta().unclean()).isTrue();
  }

  @Test
  void aDiskIsDrainedAndTakenOutInUse() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 6, 10);
    long id = fixture.pool.stores().getFirst().identity().diskId();
    StoreFixture.Waiter drained = on.new Waiter();
    fixture.pool.drain(id, drained);
    for (int i = 0; i < 300; i++) {
      assertThat(on.write(replica, i % (6 * SHARD_BLOCKS), 100 + i)).isEqualTo(OK);
    }
    assertThat(drained.await()).isEqualTo(OK);
    assertThat(fixture.pool.shardsOn(id)).isZero();
    StoreFixture.Waiter out = on.new Waiter();
    fixture.pool.remove(id, out);
    assertThat(out.await()).isEqualTo(OK);
    assertThat(fixture.known.orElseThrow().disks()).hasSize(2).doesNotContain(id);
    crashAndOpen(without(fixture.mediums, 0));
    replica = fixture.replica("a");
    assertThat(replica.isComplete()).isTrue();
    for (int i = 0; i < 300; i++) {
      assertThat(on.read(replica, i, 1).versions()).containsExactly(100 + i);
    }
  }

  @Test
  void aDiskThatIsStillNeededIsNotTakenOut() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 6, 10);
    StoreFixture.Waiter out = on.new Waiter();
    fixture.pool.remove(fixture.pool.stores().getFirst().identity().diskId(), out);
    assertThat(out.await()).isEqualTo(GONE);
    assertThat(replica.isComplete()).isTrue();
  }

  @Test
  void twoDisksWithOneIdAreRefused() {
    fixture.mediums.add(fixture.mediums.getFirst().copy());
    crash();
    assertThatThrownBy(() -> fixture.tryOpen(fixture.mediums))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("same id");
  }

  @Test
  void aBlankDiskIsTakenIntoUse() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    fixture.mediums.add(fixture.blank());
    fixture.reopen();
    on.settle();
    assertThat(fixture.known.orElseThrow().disks()).hasSize(4);
    replica = fixture.replica("a");
    for (int shard = 3; shard < 12; shard++) {
      assertThat(on.write(replica, (long) shard * SHARD_BLOCKS, 50)).isEqualTo(OK);
    }
    assertThat(disksOf(replica, 12)).hasSize(4);
  }

  @Test
  void aStateThatOneDiskHasAndAnotherNotIsTheNewestOrTheOneBefore() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    for (int round = 1; round < 60; round++) {
      ReplicaMeta meta = replica.meta();
      Promise next =
          new Promise(meta.promise().epoch() + 1, meta.promise().view(), Optional.empty());
      boolean[] told = new boolean[1];
      replica.persistMeta(meta.withPromise(next), result -> told[0] = true);
      for (int i = on.rng.nextInt(25); i > 0 && !told[0]; i--) {
        on.step();
      }
      if (on.rng.oneIn(2)) {
        crash();
      } else {
        fixture.losePower();
      }
      fixture.open();
      replica = fixture.replica("a");
      int found = replica.meta().promise().epoch();
      int least = told[0] ? next.epoch() : meta.promise().epoch();
      assertThat(found).as("round %s", round).isBetween(least, next.epoch());
      assertThat(replica.isComplete()).isTrue();
      Set<Long> sequences = new HashSet<>();
      for (LogStore store : fixture.pool.stores()) {
        sequences.add(store.replicas().iterator().next().meta().spread().sequence());
      }
      assertThat(sequences).as("one state on all disks").hasSize(1);
    }
  }

  @Test
  void aDiskThatIsFullGetsNoShard() {
    ReplicaStore first = fixture.create("a");
    assertThat(on.write(first, 0, 1)).isEqualTo(OK);
    int full = fixture.diskOf(first, 0);
    long version = 2;
    ReplicaStore.Result result = OK;
    while (result == OK) {
      result = on.write(first, version % SHARD_BLOCKS, version, version + 1);
      version += 2;
      if (version > SHARD_BLOCKS - 2) {
        break;
      }
    }
    LogStore disk = fixture.pool.stores().get(full);
    long free = disk.space().freeBytes() >> 12;
    ReplicaStore second = fixture.create("b");
    assertThat(second.reserve((int) free + 1)).as("others have room").isTrue();
    StoreFixture.Waiter waiter = on.new Waiter();
    second.applyIfNewer(on.data(second, 0, 7), true, waiter);
    assertThat(waiter.await()).isEqualTo(OK);
    assertThat(fixture.diskOf(second, 0)).isNotEqualTo(full);
    assertThat(first.reserve((int) free + 1)).as("its shard is on the full disk").isFalse();
    second.unreserve((int) free);
    assertThat(fixture.pool.space().reservedBytes()).isZero();
    assertThat(result).isIn(OK, NO_SPACE);
  }

  @Test
  void deletedIsDeletedOnEveryDisk() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 6, 10);
    StoreFixture.Waiter waiter = on.new Waiter();
    fixture.pool.delete(replica.meta().volume(), waiter);
    assertThat(waiter.await()).isEqualTo(OK);
    crashAndOpen(fixture.mediums);
    assertThat(fixture.pool.replicas()).isEmpty();
  }

  @Test
  void whatADiskMissedCountsOnlyOnceTheRosterIsWithoutIt() {
    ReplicaStore replica = fixture.create("a");
    writeShards(replica, 3, 10);
    Roster.Known before = fixture.known.orElseThrow();
    for (int index = 0; index < 2; index++) {
      int left = 2 - index;
      fixture.disks.get(index).breakDown();
      boolean[] answered = new boolean[1];
      replica.persistMeta(
          replica.meta(),
          result -> {
            assertThat(result).isEqualTo(OK);
            assertThat(fixture.known.orElseThrow().disks()).hasSize(left);
            answered[0] = true;
          });
      on.settle();
      assertThat(answered[0]).isTrue();
    }
    assertThat(fixture.known.orElseThrow().epoch()).isEqualTo(before.epoch() + 2);
  }

  private void begin(ReplicaStore replica, long attempt) {
    on.persist(replica, replica.meta().withIncomplete(Optional.of(new Incomplete(attempt, 0))));
  }

  private void crash() {
    on.settle();
    fixture.crash();
  }

  private void crashAndOpen(List<SimMedium> mediums) {
    crash();
    try {
      fixture.tryOpen(mediums);
      on.settle();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<SimMedium> without(List<SimMedium> mediums, int index) {
    return mediums.stream().filter(medium -> medium != mediums.get(index)).toList();
  }

  private Set<Integer> disksOf(ReplicaStore replica, int shards) {
    Set<Integer> found = new HashSet<>();
    for (int shard = 0; shard < shards; shard++) {
      found.add(fixture.diskOf(replica, (long) shard * SHARD_BLOCKS));
    }
    return found;
  }
}
