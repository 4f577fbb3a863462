package io.ashlar.store;

import static io.ashlar.block.BlockKind.CORRUPT;
import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.store.ReplicaStore.Result.OK;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.model.VolumeId;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Blocks that take less than a page, or have a key, among others that do not. */
final class SealedBlocksTest {
  private static final VolumeId VOLUME = new VolumeId("v");
  private static final Predicate<BlockSeal> PLAIN = seal -> seal == null;
  private static final Predicate<BlockSeal> SMALL =
      seal -> seal != null && seal.keyId() == 0 && seal.storedBytes() <= 100;
  private static final Predicate<BlockSeal> KEYED =
      seal -> seal != null && seal.keyId() != 0 && seal.storedBytes() == 4096;

  private final StoreFixture fixture = new StoreFixture(1, 48).format();
  private ReplicaStore replica;
  private long clock;

  SealedBlocksTest() {
    fixture.sealing = true;
    replica = fixture.open().create("v");
  }

  /** The next version of which the fixture makes such a block. */
  private long version(long block, Predicate<BlockSeal> wanted) {
    do {
      clock++;
    } while (!wanted.test(StoreFixture.seal(VOLUME, block, clock)));
    return clock;
  }

  private void write(long block, Predicate<BlockSeal> wanted) {
    assertThat(fixture.write(replica, block, version(block, wanted))).isEqualTo(OK);
  }

  private BlockRun read(long first, int count) {
    return fixture.read(replica, first, count);
  }

  private void reopen() {
    fixture.reopen();
    replica = fixture.replica("v");
  }

  @Test
  void sealsComeBackFromMemoryLogAndCheckpoint() {
    write(0, PLAIN);
    write(1, SMALL);
    write(2, KEYED);
    write(3, SMALL);
    BlockSeal[] seals = read(0, 5).seals();
    for (int i = 0; i < 4; i++) {
      long version = StoreProbe.version(replica, i);
      assertThat(seals[i]).isEqualTo(StoreFixture.seal(VOLUME, i, version));
    }
    reopen();
    assertThat(read(0, 5).seals()).isEqualTo(seals);
    fixture.store.checkpoint();
    fixture.settle();
    reopen();
    assertThat(read(0, 5).seals()).isEqualTo(seals);
    assertThat(read(0, 5).kinds()).startsWith(DATA, DATA, DATA, DATA);
  }

  @Test
  void whatIsWrittenAsItIsHasNoSealAnyMore() {
    write(1, KEYED);
    write(1, PLAIN);
    assertThat(read(0, 4).seals()).isNull();
    reopen();
    assertThat(read(0, 4).seals()).isNull();
  }

  @Test
  void aLoneSmallBlockTravelsInItsHeaderPage() {
    write(1, SMALL);
    assertThat(StoreProbe.offset(replica, 1).orElseThrow() % 4096).isBetween(112L, 1024L);
    write(2, PLAIN);
    assertThat(StoreProbe.offset(replica, 2).orElseThrow() % 4096).isZero();
  }

  @Test
  void smallBlocksThatAreWrittenTogetherLieSideBySide() {
    long[] versions = new long[20];
    for (int i = 0; i < versions.length; i++) {
      versions[i] = version(i, SMALL);
    }
    assertThat(fixture.write(replica, 0, versions)).isEqualTo(OK);
    long first = StoreProbe.offset(replica, 0).orElseThrow();
    long last = StoreProbe.offset(replica, 19).orElseThrow();
    assertThat(last - first).isBetween(19 * 16L, 19 * 112L);
  }

  @Test
  void damageCostsTheBlockAndNotItsNeighbours() {
    long[] versions = {version(0, SMALL), version(1, SMALL), version(2, SMALL)};
    fixture.write(replica, 0, versions);
    fixture.medium.flipBit(StoreProbe.offset(replica, 1).getAsLong(), 3);
    assertThat(read(0, 3).kinds()).containsExactly(DATA, CORRUPT, DATA);
    StoreFixture.Waiter waiter = fixture.new Waiter();
    replica.repair(fixture.data(replica, 0, versions), waiter);
    assertThat(waiter.await()).isEqualTo(OK);
    assertThat(read(0, 3).kinds()).containsExactly(DATA, DATA, DATA);
  }

  @Test
  void aPageThatCannotBeReadCostsWhatIsInIt() {
    fixture.write(replica, 0, version(0, SMALL), version(1, SMALL), version(2, PLAIN));
    fixture.disk.failReads(StoreProbe.offset(replica, 1).getAsLong(), 16);
    assertThat(read(0, 3).kinds()).containsExactly(CORRUPT, CORRUPT, DATA);
  }

  @Test
  void smallBlocksTakeLittleOfTheDisk() {
    int plain = fill(PLAIN);
    assertThat(fixture.delete("v")).isEqualTo(OK);
    fixture.settle();
    replica = fixture.create("v");
    assertThat(fill(SMALL)).isGreaterThan(5 * plain);
    reopen();
    assertThat(read(0, 64).kinds()).containsOnly(DATA);
  }

  /** Until the disk refuses; some more than once, so that there is something to collect. */
  private int fill(Predicate<BlockSeal> wanted) {
    int block = 0;
    while (block < 20_000 && fixture.write(replica, block, version(block, wanted)) == OK) {
      if (block % 3 == 0) {
        fixture.write(replica, block, version(block, wanted));
      }
      block++;
    }
    return block;
  }

  @Test
  void whatIsStoredIsCountedUntilItIsGone() {
    write(0, PLAIN);
    write(1, KEYED);
    assertThat(storedUnits()).isEqualTo(512);
    write(1, SMALL);
    assertThat(storedUnits()).isBetween(256L + 7, 256L + 13);
    long small = storedUnits() - 256;
    reopen();
    assertThat(storedUnits()).isEqualTo(256 + small);
    for (long extent = 1; extent < 300; extent++) {
      write(extent * 64, SMALL);
    }
    fixture.store.checkpoint();
    fixture.settle();
    assertThat(fixture.trim(replica, 0, 1L << 28, ++clock)).isEqualTo(OK);
    fixture.settle();
    assertThat(storedUnits()).isZero();
    assertThat(StoreProbe.liveUnits(fixture.store)).isEqualTo(fixture.store.segments().liveTotal());
  }

  /** What a trimmed part of the map has told of is not known before it is looked into. */
  @Test
  void aTrimPromisesNoMoreThanItGives() {
    long empty = fixture.store.space().freeBytes();
    for (long block = 0; block < 2000; block++) {
      write(block * 7, SMALL);
    }
    fixture.store.checkpoint();
    fixture.settle();
    assertThat(fixture.trim(replica, 0, 1L << 28, ++clock)).isEqualTo(OK);
    assertThat(fixture.store.space().freeBytes()).isLessThanOrEqualTo(empty);
    fixture.settle();
    assertThat(fixture.store.space().freeBytes()).isGreaterThan(empty * 9 / 10);
  }

  private long storedUnits() {
    return ((LogReplica) replica).content().map().storedUnits();
  }
}
