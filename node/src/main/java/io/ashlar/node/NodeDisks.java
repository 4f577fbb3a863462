package io.ashlar.node;

import io.ashlar.node.disk.RosterFile;
import io.ashlar.node.http.NodeMetrics;
import io.ashlar.store.LogStore;
import io.ashlar.store.pool.DiskPool;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's data disks in use, and what operators hear of each. */
final class NodeDisks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeDisks.class);

  /** A disk of the pool, and where it was found. */
  record Opened(Path path, LogStore store) {
    String id() {
      return "%016x".formatted(store.identity().diskId());
    }
  }

  private final DiskPool pool;
  private final List<Opened> disks;
  private final RosterFile roster;

  /** Loop thread only. */
  private final Map<Opened, Long> lossesTold = new HashMap<>();

  /** Loop thread only. */
  private final Set<Opened> failuresTold = new HashSet<>();

  /** Takes pool and roster over. */
  NodeDisks(DiskPool pool, List<Opened> disks, RosterFile roster) {
    this.pool = pool;
    this.disks = List.copyOf(disks);
    this.roster = roster;
  }

  DiskPool pool() {
    return pool;
  }

  /**
   * Copies what can be seen of the disks, and logs what has happened to them since the last call.
   * Loop thread only.
   */
  void observe(NodeMetrics metrics) {
    for (Opened disk : disks) {
      LogStore store = disk.store();
      metrics.observe(disk.id(), store.counters(), store.space(), store.failed());
      tellOfFailure(disk);
      tellOfLosses(disk);
    }
  }

  private void tellOfFailure(Opened disk) {
    if (disk.store().failed() && failuresTold.add(disk)) {
      LOG.error(
          "event=disk_failed disk={} path={} reason=\"{}\": what it had is made anew from other"
              + " nodes; put a blank one in its place and start the daemon again",
          disk.id(),
          disk.path(),
          disk.store().failure());
    }
  }

  private void tellOfLosses(Opened disk) {
    long lost = disk.store().counters().lostNodes();
    if (lost > lossesTold.getOrDefault(disk, 0L)) {
      lossesTold.put(disk, lost);
      LOG.warn(
          "event=map_damaged disk={} path={} nodes={} last=\"{}\": what it told of is repaired from"
              + " other copies",
          disk.id(),
          disk.path(),
          lost,
          disk.store().counters().lastLoss());
    }
  }

  /** Closes the disks; loop thread only. */
  void stop() {
    pool.close();
  }

  /** After {@link #stop}: waits for what is being noted of the disks. */
  @Override
  public void close() {
    roster.close();
  }
}
