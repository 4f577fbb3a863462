package io.ashlar.sim;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import io.ashlar.model.NodeId;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.ScrubPlan;
import io.ashlar.store.StoreEngine;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.time.Duration;

/** Formats and opens the production store on simulated disks. */
final class SimStores {
  /** As little as possible, so that nodes come and go. */
  private static final long MAP_CACHE_BYTES = 1;

  /** A disk is looked through several times in a run. */
  private static final ScrubPlan SCRUB = new ScrubPlan(Duration.ofSeconds(5).toNanos(), 64L << 20);

  private SimStores() {}

  static void format(
      SimMedium medium, SimEvents events, PayloadPool pool, NodeId node, SimOptions options) {
    try (SimDisk disk = new SimDisk(medium, events, new SimRng(1))) {
      StoreFormat.formatIfBlank(
          disk, pool, new DiskIdentity("sim", node, "default", 7), options.segmentBytes());
    } catch (IOException e) {
      throw new SimFailure("cannot format a disk", e);
    }
  }

  static StoreEngine open(Disk disk, PayloadPool pool, Timers timers) {
    try {
      return LogStore.open(disk, pool, timers, new StoreOptions(MAP_CACHE_BYTES, SCRUB));
    } catch (IOException e) {
      throw new SimFailure("cannot open a disk", e);
    }
  }
}
