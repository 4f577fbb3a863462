package io.ashlar.node.pool;

import io.ashlar.block.AlignedPool;
import io.ashlar.disk.DataDisk;
import io.ashlar.disk.FileDisk;
import io.ashlar.net.DataLoop;
import io.ashlar.node.disk.DiskOrders;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Opens disks that are added while the node is in use. */
final class AddedDisk {
  /** Freed buffers that each of these disks keeps, for each size. */
  private static final long POOL_BYTES_PER_CLASS = 4L << 20;

  private final DiskSettings settings;
  private final DiskOpening.Owner owner;
  private final LongSupplier random;
  private final DataLoop loop;

  AddedDisk(DiskSettings settings, DiskOpening.Owner owner, LongSupplier random, DataLoop loop) {
    this.settings = settings;
    this.owner = owner;
    this.random = random;
    this.loop = loop;
  }

  /**
   * What is to be added.
   *
   * @param fileBytes size of the file to make if there is none; 0: there has to be something
   * @param erase whatever is on the disk may be lost
   */
  record Wanted(Path path, long fileBytes, boolean erase) {}

  /** An opened store that does nothing yet; {@code timers} are to be released on the loop. */
  record Ready(NodeDisk disk, HeldTimers timers) {}

  /**
   * Opens a disk, formatting it if it is blank, if it was taken out of use by an order, or if it
   * may be erased. Blocking; not on the loop. It gets buffers of its own, since the loop's are in
   * use.
   *
   * @param disks that will be in use with it
   */
  Ready open(Wanted wanted, DiskOrders orders, int disks) throws IOException, DiskRefusal {
    Path path = wanted.path();
    if (wanted.fileBytes() > 0 && !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      FileDisk.createFile(path, wanted.fileBytes());
    }
    if (!Files.exists(path)) {
      throw new DiskRefusal(
          DiskRefusal.Kind.INVALID,
          "%s does not exist: name a device or a file, or give the size of a file to make",
          path);
    }
    HeldTimers timers = new HeldTimers(loop);
    DiskIdentity identity = owner.disk(random);
    int segmentBytes = StoreFormat.SEGMENT_BYTES_DEFAULT;
    AlignedPool payloads = new AlignedPool(POOL_BYTES_PER_CLASS);
    try (DataDisk disk = DataDisk.claim(path, segmentBytes, payloads, loop, loop)) {
      if (wanted.erase() || isTakenOut(disk.found(), identity, orders)) {
        disk.formatAnew(identity);
      }
      LogStore store = disk.open(identity, settings.storeOfOne(disks), timers);
      return new Ready(new NodeDisk(path, store), timers);
    }
  }

  private static boolean isTakenOut(
      Optional<DiskIdentity> found, DiskIdentity wanted, DiskOrders orders) {
    return found
        .filter(disk -> disk.serves(wanted) && orders.removed().containsKey(disk.diskId()))
        .isPresent();
  }
}
