package io.ashlar.node.pool;

import io.ashlar.env.Timers;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.pool.DiskPool;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Drains under way; one that cannot go on is tried again. Loop thread only. */
final class DiskDrains {
  private static final Logger LOG = LoggerFactory.getLogger(DiskDrains.class);
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final DiskPool pool;
  private final Timers timers;

  /** What keeps a drain from going on, by disk; empty while it goes on. */
  private final Map<Long, String> underWay = new HashMap<>();

  DiskDrains(DiskPool pool, Timers timers) {
    this.pool = pool;
    this.timers = timers;
  }

  /** Once for each disk, however often it is ordered. */
  void begin(long id) {
    if (underWay.putIfAbsent(id, "") == null) {
      run(id);
    } else {
      pool.drains(id);
    }
  }

  private void run(long id) {
    pool.drain(id, result -> ended(id, result));
  }

  private void ended(long id, Result result) {
    if (!pool.isDraining(id) || result == Result.GONE) {
      underWay.remove(id); // cancelled, or the disk has failed
      return;
    }
    if (result == Result.OK) {
      underWay.remove(id);
      LOG.info("event=disk_drained disk={}", NodeDisk.name(id));
      return;
    }
    underWay.put(
        id,
        result == Result.NO_SPACE
            ? "the other disks have no room for what it has"
            : "a part of it could not be moved");
    timers.after(RETRY_NANOS, () -> again(id));
  }

  private void again(long id) {
    if (pool.isDraining(id)) {
      run(id);
    } else {
      underWay.remove(id);
    }
  }

  /** The disk is used again; what has begun to move still does. */
  void cancel(long id) {
    pool.stays(id);
  }

  void forget(long id) {
    underWay.remove(id);
  }

  /** What keeps the disk's drain from going on; empty if nothing does. */
  String hindrance(long id) {
    return underWay.getOrDefault(id, "");
  }
}
