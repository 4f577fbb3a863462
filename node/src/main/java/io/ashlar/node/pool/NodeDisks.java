package io.ashlar.node.pool;

import io.ashlar.net.DataLoop;
import io.ashlar.node.disk.RosterFile;
import io.ashlar.node.http.NodeMetrics;
import io.ashlar.store.LogStore;
import io.ashlar.store.pool.DiskPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's data disks in use, and what operators hear of each. Loop thread only, once opened. */
public final class NodeDisks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeDisks.class);

  private final DiskPool pool;
  private final List<NodeDisk> disks;
  private final Map<Path, String> leftOut = new LinkedHashMap<>();
  private final RosterFile roster;
  private final DiskChanges changes;
  private final Map<NodeDisk, Long> lossesTold = new HashMap<>();
  private final Set<NodeDisk> failuresTold = new HashSet<>();
  private Optional<NodeMetrics> metrics = Optional.empty();

  /** Takes pool and roster over; belongs to the loop from then on. */
  NodeDisks(
      DiskPool pool,
      List<NodeDisk> disks,
      Map<Path, IOException> leftOut,
      RosterFile roster,
      OrderBook orders,
      AddedDisk adding,
      DataLoop loop) {
    this.pool = pool;
    this.disks = new ArrayList<>(disks);
    leftOut.forEach((path, failed) -> this.leftOut.put(path, failed.getMessage()));
    this.roster = roster;
    this.changes = new DiskChanges(this, orders, adding, loop);
  }

  public DiskPool pool() {
    return pool;
  }

  /** For operators; any thread. */
  public DiskChanges changes() {
    return changes;
  }

  /** Goes on with what was ordered before the start. */
  public void start() {
    changes.resumeDrains();
  }

  // ---- which ones

  List<NodeDisk> all() {
    return List.copyOf(disks);
  }

  Optional<NodeDisk> find(long id) {
    return disks.stream().filter(disk -> disk.id() == id).findFirst();
  }

  /** Disks that were found at the start, or named, and could not be used; with the reason. */
  Map<Path, String> leftOut() {
    return new LinkedHashMap<>(leftOut);
  }

  void came(NodeDisk disk) {
    disks.add(disk);
    leftOut.remove(disk.path());
  }

  void left(NodeDisk disk) {
    disks.remove(disk);
    metrics.ifPresent(seen -> seen.forgetDisk(disk.name()));
  }

  // ---- what is seen of them

  /**
   * Copies what can be seen of the disks, and logs what has happened to them since the last call.
   */
  public void observe(NodeMetrics into) {
    metrics = Optional.of(into);
    for (NodeDisk disk : disks) {
      LogStore store = disk.store();
      into.observe(disk.name(), store.counters(), store.space(), store.failed());
      tellOfFailure(disk);
      tellOfLosses(disk);
    }
  }

  private void tellOfFailure(NodeDisk disk) {
    if (disk.store().failed() && failuresTold.add(disk)) {
      LOG.error(
          "event=disk_failed disk={} path={} reason=\"{}\": what it had is made anew from other"
              + " nodes; put a blank one in its place and start the daemon again, or take it out"
              + " with \"ashlar disk remove\"",
          disk.name(),
          disk.path(),
          disk.store().failure());
    }
  }

  private void tellOfLosses(NodeDisk disk) {
    long lost = disk.store().counters().lostNodes();
    if (lost > lossesTold.getOrDefault(disk, 0L)) {
      lossesTold.put(disk, lost);
      LOG.warn(
          "event=map_damaged disk={} path={} nodes={} last=\"{}\": what it told of is repaired from"
              + " other copies",
          disk.name(),
          disk.path(),
          lost,
          disk.store().counters().lastLoss());
    }
  }

  // ---- the end

  /** Closes the disks. */
  public void stop() {
    pool.close();
  }

  /** After {@link #stop}, on any thread: waits for what is being noted of the disks. */
  @Override
  public void close() {
    roster.close();
  }
}
