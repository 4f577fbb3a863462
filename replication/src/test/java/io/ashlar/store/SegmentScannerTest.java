package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.sim.SimDisk;
import io.ashlar.sim.SimEvents;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimPool;
import io.ashlar.sim.SimRng;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** What a scan reads of a segment that nothing was written to, and what it notices all the same. */
final class SegmentScannerTest {
  private static final int PAGES = 8192;
  private static final long OLD = 5;
  private static final long NEW = 8;
  private static final Superblock SUPERBLOCK =
      new Superblock(StoreFixture.IDENTITY, 3, PAGES * PAGE_BYTES, 1, Superblock.Checkpoint.NONE);

  private final SimMedium medium =
      new SimMedium(Format.DATA_OFFSET + (long) PAGES * Format.PAGE_BYTES);
  private final SimDisk disk = new SimDisk(medium, new SimEvents(), new SimRng(1));

  /** Of one entry. */
  private void batch(long sequence, int page, int durablePage) {
    ByteBuffer header = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    LogEntry.delete(1).encode(header, BatchHeader.entryOffset(0));
    long diskId = StoreFixture.IDENTITY.diskId();
    new BatchHeader(1, 1, 0, diskId, sequence, page, durablePage, 2, sequence * PAGES + page, 0)
        .encode(header);
    medium.poke(Format.DATA_OFFSET + (long) page * PAGE_BYTES, header.array());
  }

  private SegmentScanner.Scan scan() throws IOException {
    Segments segments = new Segments(1, PAGES);
    try (SegmentWindow window = new SegmentWindow(disk, new SimPool(), segments)) {
      return new SegmentScanner(window, SUPERBLOCK, 0, NEW, Long.MAX_VALUE, 1).scan();
    }
  }

  @Test
  void aSegmentThatStillBeginsWithAnOldFillingIsNotReadToItsEnd() throws IOException {
    for (int page = 0; page < PAGES - 8; page++) {
      batch(OLD, page, page);
    }

    assertThat(scan().entries()).isEmpty();
    assertThat(disk.readsNow()).isEqualTo(1);
  }

  @Test
  void aFirstWriteThatTheDiskHasLostIsNoticed() {
    batch(OLD, 0, 0);
    batch(NEW, 1, 1);

    assertThatThrownBy(this::scan)
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("segment 0, page 0: a batch that was durable is damaged");
  }

  @Test
  void ofASegmentWhoseFirstHeaderIsDamagedAllIsRead() throws IOException {
    batch(OLD, 0, 0);
    medium.flipBit(Format.DATA_OFFSET + 30, 1);
    batch(NEW, PAGES - 9, 0);

    assertThat(scan().entries()).isEmpty();
    assertThat(disk.readsNow()).isGreaterThanOrEqualTo(PAGES / 1024);

    batch(NEW, PAGES - 9, PAGES - 10);
    assertThatThrownBy(this::scan).isInstanceOf(StoreOpenException.class);
  }

  @Test
  void aSegmentOfWholeBatchesIsReadUpToItsLastOne() throws IOException {
    batch(NEW, 0, 0);
    batch(NEW, 1, 1);
    batch(OLD, 2, 2);

    SegmentScanner.Scan scan = scan();

    assertThat(scan.endPage()).isEqualTo(2);
    assertThat(scan.sequence()).isEqualTo(NEW);
    assertThat(scan.entries()).hasSize(4);
  }
}
