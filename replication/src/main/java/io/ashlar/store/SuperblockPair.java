package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;
import static io.ashlar.store.Format.SUPERBLOCK_A_OFFSET;
import static io.ashlar.store.Format.SUPERBLOCK_B_OFFSET;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.io.IOException;

/** The two superblocks of a disk; a new one always goes where the current one is not. Blocking. */
final class SuperblockPair {
  /** What is at the beginning of a disk. */
  enum State {
    /** Zeros, or a format that was interrupted before anything could be stored. */
    BLANK,
    FORMATTED,
    FOREIGN,
    DAMAGED
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final State state;
  private final Superblock current;
  private final boolean currentIsA;

  private SuperblockPair(
      Disk disk, PayloadPool pool, State state, Superblock current, boolean currentIsA) {
    this.disk = disk;
    this.pool = pool;
    this.state = state;
    this.current = current;
    this.currentIsA = currentIsA;
  }

  /** Looks at the disk without judging. */
  static SuperblockPair look(Disk disk, PayloadPool pool) throws IOException {
    if (disk.sizeBytes() < Format.DATA_OFFSET) {
      throw new StoreOpenException(
          "the disk has %s bytes, which is too small for any store", disk.sizeBytes());
    }
    Payload a = pool.lease(PAGE_BYTES);
    Payload b = pool.lease(PAGE_BYTES);
    try {
      disk.readNow(SUPERBLOCK_A_OFFSET, a.view());
      disk.readNow(SUPERBLOCK_B_OFFSET, b.view());
      Superblock inA = Superblock.decode(a.view());
      Superblock inB = Superblock.decode(b.view());
      boolean useA = inA != null && (inB == null || inA.generation() > inB.generation());
      Superblock current = useA ? inA : inB;
      return new SuperblockPair(disk, pool, judge(a, b, current), current, useA);
    } finally {
      a.release();
      b.release();
    }
  }

  private static State judge(Payload a, Payload b, Superblock current) {
    if (current != null) {
      return State.FORMATTED;
    }
    boolean zeroA = Format.isZero(a.view(), 0, PAGE_BYTES);
    boolean zeroB = Format.isZero(b.view(), 0, PAGE_BYTES);
    boolean ours = Superblock.hasMagic(a.view()) || Superblock.hasMagic(b.view());
    // A is written and synced before B: as long as B is zero, nothing was ever stored.
    if (zeroB && (zeroA || Superblock.hasMagic(a.view()))) {
      return State.BLANK;
    }
    return ours ? State.DAMAGED : State.FOREIGN;
  }

  /** The superblocks of a disk that can be opened. */
  static SuperblockPair read(Disk disk, PayloadPool pool) throws IOException {
    SuperblockPair pair = look(disk, pool);
    switch (pair.state) {
      case BLANK -> throw new StoreOpenException("the disk is not formatted");
      case FOREIGN ->
          throw new StoreOpenException(
              "the disk begins with data of something else; it was not touched");
      case DAMAGED -> throw new StoreOpenException("both superblocks of the disk are damaged");
      case FORMATTED -> pair.checkGeometry();
    }
    return pair;
  }

  State state() {
    return state;
  }

  Superblock current() {
    return current;
  }

  private void checkGeometry() throws StoreOpenException {
    int pages = current.segmentPages();
    if (pages < Format.SEGMENT_PAGES_MIN
        || pages > Format.SEGMENT_PAGES_MAX
        || current.segmentBytes() % PAGE_BYTES != 0
        || current.segmentCount() < Format.SEGMENTS_MIN) {
      throw new StoreOpenException(
          "the superblock tells of %s segments of %s bytes, which cannot be",
          current.segmentCount(), current.segmentBytes());
    }
    if (current.usedBytes() > disk.sizeBytes()) {
      throw new StoreOpenException(
          "the disk has %s bytes but was formatted with %s: it was truncated",
          disk.sizeBytes(), current.usedBytes());
    }
  }

  /** Writes over the older one, without a sync. */
  void write(Superblock next) throws IOException {
    write(next, currentIsA ? SUPERBLOCK_B_OFFSET : SUPERBLOCK_A_OFFSET);
  }

  /** Writes a superblock at one of the two places, without a sync. */
  void write(Superblock next, long offsetBytes) throws IOException {
    Payload page = pool.lease(PAGE_BYTES);
    page.view().put(0, new byte[PAGE_BYTES]);
    next.encode(page.view());
    disk.writeNow(offsetBytes, page.view());
    page.release();
  }
}
