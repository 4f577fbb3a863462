package io.ashlar.node.pool;

import io.ashlar.block.AlignedPool;
import io.ashlar.disk.DataDisk;
import io.ashlar.net.DataLoop;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Opens single disks, each with buffers and timers of its own, so that several threads may open one
 * each while the loop is in use. Blocking; not on the loop.
 */
final class DiskOpener {
  /** Freed buffers that all disks together keep, for each size: what a busy loop has in flight. */
  private static final long BUFFER_BYTES_PER_CLASS = 16L << 20;

  private static final long BUFFER_BYTES_PER_CLASS_MIN = 4L << 20;

  /** Looks at a disk that is held, before anything is changed. */
  @FunctionalInterface
  interface Check {
    /**
     * Returns whether the disk is to be opened; may format it.
     *
     * @param ours the identity that a blank disk would get
     */
    boolean at(DataDisk disk, DiskIdentity ours) throws IOException;
  }

  /** An opened store that does nothing yet; {@code timers} are to be released when it may. */
  record Ready(NodeDisk disk, HeldTimers timers) {}

  private final DiskSettings settings;
  private final DiskOpening.Owner owner;
  private final LongSupplier random;
  private final DataLoop loop;

  /**
   * @param random for ids of blank disks; any thread
   */
  DiskOpener(DiskSettings settings, DiskOpening.Owner owner, LongSupplier random, DataLoop loop) {
    this.settings = settings;
    this.owner = owner;
    this.random = random;
    this.loop = loop;
  }

  /**
   * Opens what is there, formatting it if it is blank.
   *
   * @param disks that share what the node has for them
   * @return empty if the check says so
   */
  Optional<Ready> open(Path path, int disks, Check check) throws IOException {
    AlignedPool buffers =
        new AlignedPool(Math.max(BUFFER_BYTES_PER_CLASS / disks, BUFFER_BYTES_PER_CLASS_MIN));
    HeldTimers timers = new HeldTimers(loop);
    DiskIdentity ours = owner.disk(random);
    int segmentBytes = StoreFormat.SEGMENT_BYTES_DEFAULT;
    try (DataDisk disk = DataDisk.claim(path, segmentBytes, buffers, loop, loop)) {
      if (!check.at(disk, ours)) {
        return Optional.empty();
      }
      LogStore store = disk.open(ours, settings.storeOfOne(disks), timers);
      return Optional.of(new Ready(new NodeDisk(path, store), timers));
    }
  }
}
