package io.ashlar.store;

import static io.ashlar.model.Invariants.require;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.io.IOException;
import java.util.Optional;

/** Formats disks. Blocking; nothing else may use the disk meanwhile. */
public final class StoreFormat {
  /** Segment size for real disks. */
  public static final int SEGMENT_BYTES_DEFAULT = 64 << 20;

  private static final int LOOK_BYTES = 64 << 10;

  private StoreFormat() {}

  /** Smallest disk that can be formatted with segments of this size. */
  public static long diskBytesMin(int segmentBytes) {
    return Format.DATA_OFFSET + (long) Format.SEGMENTS_MIN * segmentBytes;
  }

  /** Identity of a formatted disk; empty if the disk is blank. */
  public static Optional<DiskIdentity> identify(Disk disk, PayloadPool pool) throws IOException {
    SuperblockPair pair = SuperblockPair.look(disk, pool);
    return switch (pair.state()) {
      case BLANK -> Optional.empty();
      case FORMATTED, FOREIGN, DAMAGED ->
          Optional.of(SuperblockPair.read(disk, pool).current().identity());
    };
  }

  /**
   * Formats a blank disk, or leaves one as it is that is already of this cluster, node and pool.
   *
   * @param identity of the disk if it is blank; else only its disk id is not looked at
   * @throws StoreOpenException if the disk holds anything else; it is not touched then
   */
  public static DiskIdentity formatIfBlank(
      Disk disk, PayloadPool pool, DiskIdentity identity, int segmentBytes) throws IOException {
    Optional<DiskIdentity> found = usable(disk, pool, identity, segmentBytes);
    if (found.isEmpty()) {
      format(disk, pool, identity, segmentBytes);
      return identity;
    }
    return found.get();
  }

  /**
   * What {@link #formatIfBlank} would find; changes nothing.
   *
   * @return the identity of the disk; empty if it would be formatted
   * @throws StoreOpenException if it would be refused
   */
  public static Optional<DiskIdentity> usable(
      Disk disk, PayloadPool pool, DiskIdentity wanted, int segmentBytes) throws IOException {
    Optional<DiskIdentity> found = identify(disk, pool);
    if (found.isEmpty()) {
      segmentCount(disk, segmentBytes);
      checkNothingElse(disk, pool);
    } else if (!found.get().serves(wanted)) {
      throw new StoreOpenException("the disk is %s's, wanted was %s", found.get(), wanted);
    }
    return found;
  }

  /**
   * Formats a disk whatever it holds. What others, and older stores of ours, know a disk by goes
   * first, so that a crash leaves either nothing or a whole format.
   *
   * @throws StoreOpenException if the disk is too small; it is not touched then
   */
  public static void formatAnew(
      Disk disk, PayloadPool pool, DiskIdentity identity, int segmentBytes) throws IOException {
    segmentCount(disk, segmentBytes);
    var zeros = pool.lease(LOOK_BYTES);
    try {
      zeros.view().put(0, new byte[LOOK_BYTES]);
      for (long at : signatures(disk)) {
        disk.writeNow(at, zeros.view().duplicate());
      }
      disk.syncNow();
    } finally {
      zeros.release();
    }
    format(disk, pool, identity, segmentBytes);
  }

  /**
   * Where signatures of file systems, partition tables and volume managers are, in pieces of {@link
   * #LOOK_BYTES}: the first MiB and the last 64 KiB.
   */
  private static long[] signatures(Disk disk) {
    int first = Math.toIntExact(Format.DATA_OFFSET / LOOK_BYTES);
    long[] places = new long[first + 1];
    for (int i = 0; i < first; i++) {
      places[i] = (long) i * LOOK_BYTES;
    }
    places[first] = (disk.sizeBytes() - LOOK_BYTES) & -Format.PAGE_BYTES;
    return places;
  }

  private static int segmentCount(Disk disk, int segmentBytes) throws StoreOpenException {
    long count = (disk.sizeBytes() - Format.DATA_OFFSET) / segmentBytes;
    if (count < Format.SEGMENTS_MIN) {
      throw new StoreOpenException(
          "the disk has %s bytes, which is too small: want at least %s",
          disk.sizeBytes(), diskBytesMin(segmentBytes));
    }
    return Math.toIntExact(count);
  }

  /**
   * Formats without looking at what is there; {@link #usable} has looked. Segments are wiped first,
   * then come the superblocks, A before B, each synced: a disk with a B was formatted to the end.
   */
  private static void format(Disk disk, PayloadPool pool, DiskIdentity identity, int segmentBytes)
      throws IOException {
    require(
        segmentBytes % Format.PAGE_BYTES == 0
            && segmentBytes >>> Format.PAGE_SHIFT >= Format.SEGMENT_PAGES_MIN
            && segmentBytes >>> Format.PAGE_SHIFT <= Format.SEGMENT_PAGES_MAX,
        "a segment of %s bytes: want a multiple of 4096 and at least 65536",
        segmentBytes);
    int count = segmentCount(disk, segmentBytes);
    Superblock superblock =
        new Superblock(identity, 1, segmentBytes, count, Superblock.Checkpoint.NONE);
    SuperblockPair pair = SuperblockPair.look(disk, pool);
    wipeSegments(disk, pool, superblock);
    pair.write(superblock, Format.SUPERBLOCK_A_OFFSET);
    disk.syncNow();
    pair.write(superblock.withNextGeneration(), Format.SUPERBLOCK_B_OFFSET);
    disk.syncNow();
  }

  /** All that signatures could be in must be zero, the place of the first superblock apart. */
  private static void checkNothingElse(Disk disk, PayloadPool pool) throws IOException {
    var piece = pool.lease(LOOK_BYTES);
    try {
      for (long at : signatures(disk)) {
        disk.readNow(at, piece.view());
        int from = at == 0 ? Format.PAGE_BYTES : 0;
        checkZero(Format.isZero(piece.view(), from, LOOK_BYTES - from), at);
      }
    } finally {
      piece.release();
    }
  }

  private static void checkZero(boolean zero, long offset) throws StoreOpenException {
    if (!zero) {
      throw new StoreOpenException(
          "the disk holds data of something else near offset %s; it was not touched", offset);
    }
  }

  private static void wipeSegments(Disk disk, PayloadPool pool, Superblock superblock)
      throws IOException {
    var zeros = pool.lease(Format.PAGE_BYTES);
    zeros.view().put(0, new byte[Format.PAGE_BYTES]);
    for (int i = 0; i < superblock.segmentCount(); i++) {
      long first = Format.DATA_OFFSET + (long) i * superblock.segmentBytes();
      disk.writeNow(first, zeros.view());
      disk.writeNow(first + superblock.segmentBytes() - Format.PAGE_BYTES, zeros.view());
    }
    disk.syncNow();
    zeros.release();
  }
}
