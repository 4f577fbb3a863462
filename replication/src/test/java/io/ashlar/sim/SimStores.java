package io.ashlar.sim;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Roster;
import io.ashlar.env.Timers;
import io.ashlar.model.NodeId;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.ScrubPlan;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.store.pool.PoolOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Formats and opens the production store on simulated disks. */
final class SimStores {
  /** As little as possible, so that nodes come and go. */
  private static final long MAP_CACHE_BYTES = 1;

  /** A disk is looked through several times in a run. */
  private static final ScrubPlan SCRUB = new ScrubPlan(Duration.ofSeconds(5).toNanos(), 64L << 20);

  private SimStores() {}

  static void format(
      SimMedium medium, SimEvents events, PayloadPool pool, SimOptions options, long diskId) {
    try (SimDisk disk = new SimDisk(medium, events, new SimRng(1))) {
      StoreFormat.formatIfBlank(
          disk,
          pool,
          new DiskIdentity("sim", new NodeId("n"), "default", diskId),
          options.segmentBytes());
    } catch (IOException e) {
      throw new SimFailure("cannot format a disk", e);
    }
  }

  static DiskPool open(
      List<? extends Disk> disks,
      PayloadPool pool,
      Timers timers,
      Roster roster,
      SimOptions options) {
    try {
      List<LogStore> stores = new ArrayList<>();
      for (Disk disk : disks) {
        stores.add(LogStore.open(disk, pool, timers, new StoreOptions(MAP_CACHE_BYTES, SCRUB)));
      }
      return DiskPool.open(stores, pool, timers, roster, new PoolOptions(options.shardShift()));
    } catch (IOException e) {
      throw new SimFailure("cannot open the disks", e);
    }
  }
}
