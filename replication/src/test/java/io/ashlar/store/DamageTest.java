package io.ashlar.store;

import static io.ashlar.block.BlockKind.CORRUPT;
import static io.ashlar.block.BlockKind.DATA;
import static io.ashlar.store.Format.DATA_OFFSET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.model.NodeId;
import io.ashlar.sim.SimDisk;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimRng;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What bit rot and foreign data at each place of a disk come to. */
final class DamageTest {
  private static final int PAGE = 4096;

  private final StoreFixture fixture = new StoreFixture(1, 40).format().open();
  private ReplicaStore replica = fixture.create("v");

  /**
   * Batches: META at page 0, then what vouches for it with blocks 0 to 2 at page 2; both are known
   * to be durable.
   */
  private void writeDurably() {
    fixture.write(replica, 0, 1, 2, 3);
    fixture.sync(replica);
    fixture.write(replica, 10, 4);
    fixture.settle();
  }

  private void endProcess() {
    fixture.crash();
  }

  @ParameterizedTest
  @ValueSource(longs = {Format.SUPERBLOCK_A_OFFSET, Format.SUPERBLOCK_B_OFFSET})
  void oneSuperblockIsEnough(long offset) {
    writeDurably();
    endProcess();
    fixture.medium.flipBit(offset + 70, 2);
    fixture.open();
    assertThat(fixture.read(fixture.replica("v"), 0, 3).versions()).containsExactly(1, 2, 3);
    endProcess();
    fixture.open();
    assertThat(fixture.replica("v").mappedBlocks()).isEqualTo(4);
  }

  @Test
  void bothSuperblocksDamagedAreRefused() {
    endProcess();
    fixture.medium.flipBit(100, 1);
    fixture.medium.flipBit(Format.SUPERBLOCK_B_OFFSET + 100, 1);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("both superblocks");
  }

  @Test
  void damagedPayloadOfAnOpenSegmentCostsItsBlockOnly() {
    writeDurably();
    endProcess();
    fixture.medium.flipBit(StoreProbe.offset(replica, 1).getAsLong() + 17, 0);
    fixture.open();
    replica = fixture.replica("v");
    assertThat(fixture.read(replica, 0, 3).kinds()).containsExactly(DATA, CORRUPT, DATA);
    assertThat(StoreProbe.version(replica, 10)).isEqualTo(4);
  }

  @Test
  void damagedHeaderOfADurableBatchIsRefused() {
    writeDurably();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + 2 * PAGE + 80, 0);
    assertThatThrownBy(fixture::tryOpen)
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("segment 0, page 2: a batch that was durable is damaged");
  }

  @Test
  void damagedVeryFirstHeaderIsRefusedToo() {
    writeDurably();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + 80, 0);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("segment 0, page 0");
  }

  @Test
  void damagedHeaderOfAClosedSegmentIsMadeUpForByItsSummary() {
    writeDurably();
    endProcess();
    fixture.open();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + 2 * PAGE + 80, 0);
    fixture.open();
    assertThat(fixture.read(fixture.replica("v"), 0, 3).kinds()).containsOnly(DATA);
  }

  @Test
  void damagedSummaryIsMadeAgainFromTheBatches() {
    writeDurably();
    endProcess();
    fixture.open();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + StoreFixture.SEGMENT_BYTES - PAGE + 100, 0);
    fixture.open();
    assertThat(fixture.read(fixture.replica("v"), 0, 3).kinds()).containsOnly(DATA);
    assertThat(fixture.replica("v").mappedBlocks()).isEqualTo(4);
  }

  @Test
  void damagedStateOfAReplicaIsRefused() {
    writeDurably();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + PAGE + 5, 0);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("state of replica number 1");
  }

  /** It is the last thing in the log, where damage looks like a write that was torn in flight. */
  @ParameterizedTest
  @ValueSource(longs = {2 * PAGE + 80, 3 * PAGE + 5})
  void damagedStateIsNotForgottenForAnOlderOne(long offset) {
    fixture.persist(replica, replica.meta().withUnclean(true));
    fixture.settle();
    endProcess();
    fixture.medium.flipBit(DATA_OFFSET + offset, 0);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("must be made anew");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void damageIsFoundAndNothingWrongIsRead(long seed) {
    DamageRun.run(seed);
  }

  @Test
  void truncatedFileIsRefused() {
    writeDurably();
    endProcess();
    SimMedium whole = fixture.medium;
    fixture.medium = whole.truncated(whole.sizeBytes() - StoreFixture.SEGMENT_BYTES);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("it was truncated");
    fixture.medium = whole.truncated(64 << 10);
    assertThatThrownBy(fixture::tryOpen).hasMessageContaining("too small");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1080, 65536 + 64, 512 << 10, (3 << 20) - 512})
  void foreignDataIsRefusedAndNotTouched(long offset) {
    SimMedium medium = new SimMedium(3 << 20);
    medium.poke(offset, "something else".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> format(medium, StoreFixture.IDENTITY))
        .hasMessageContaining("something else");
    byte[] found = new byte[14];
    medium.read(offset, found);
    assertThat(new String(found, StandardCharsets.UTF_8)).isEqualTo("something else");
  }

  @Test
  void blankDiskIsNotOpenedAndAnothersDiskNotTaken() {
    assertThatThrownBy(() -> new StoreFixture(1, 40).tryOpen())
        .hasMessageContaining("not formatted");
    endProcess();
    DiskIdentity other = new DiskIdentity("cluster-2", new NodeId("node-1"), "default", 5);
    assertThatThrownBy(() -> format(fixture.medium, other)).hasMessageContaining("cluster-1");
  }

  @Test
  void interruptedFormatIsDoneAgain() throws IOException {
    SimMedium medium = new SimMedium(3 << 20);
    medium.poke(0, "ASHLARDK and then nothing".getBytes(StandardCharsets.UTF_8));
    format(medium, StoreFixture.IDENTITY);
    assertThat(new StoreFixture(1, medium).open().store.replicas()).isEmpty();
  }

  private void format(SimMedium medium, DiskIdentity identity) throws IOException {
    SimDisk disk = new SimDisk(medium, fixture.events, new SimRng(4));
    StoreFormat.formatIfBlank(disk, fixture.pool, identity, StoreFixture.SEGMENT_BYTES);
  }
}
