package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import io.ashlar.block.PayloadPool;
import io.ashlar.disk.DataDisk;
import io.ashlar.disk.DiskInUseException;
import io.ashlar.disk.FileDisk;
import io.ashlar.env.Rng;
import io.ashlar.model.NodeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.disk.DeviceSelection;
import io.ashlar.node.disk.RosterFile;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.store.pool.PoolOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the node's data disks and opens them, one after the other, as one pool. A disk that cannot
 * be used is left out as long as there is another one: what it had is made anew from other nodes.
 */
final class DiskOpening {
  private static final Logger LOG = LoggerFactory.getLogger(DiskOpening.class);
  private static final Path DEV = Path.of("/dev");

  /** In the state directory. */
  private static final String ROSTER = "disks";

  /**
   * Whose disks they are.
   *
   * @param cluster id of the cluster
   * @param pool name of the pool on the node
   */
  record Owner(String cluster, NodeId node, String pool) {}

  private final NodeConfig config;
  private final Owner owner;
  private final Rng rng;
  private final PayloadPool payloads;
  private final DataLoop loop;
  private final HeldTimers timers;
  private final List<NodeDisks.Opened> opened = new ArrayList<>();
  private final Map<Path, IOException> leftOut = new LinkedHashMap<>();

  /**
   * @param payloads nobody else uses them until {@link #open} is over; then they are the loop's
   */
  DiskOpening(NodeConfig config, Owner owner, Rng rng, PayloadPool payloads, DataLoop loop) {
    this.config = config;
    this.owner = owner;
    this.rng = rng;
    this.payloads = payloads;
    this.loop = loop;
    this.timers = new HeldTimers(loop);
  }

  /**
   * Opens all disks; what came of each is in the log. Blocking, once; afterwards the pool belongs
   * to the loop.
   *
   * @throws DiskInUseException if another process has one of the disks: going on without it would
   *     have what it holds made anew for nothing
   * @throws IOException if no disk can be used, or the pool refuses them; none is open then
   * @throws IllegalArgumentException if a disk is named twice
   */
  NodeDisks open() throws IOException {
    RosterFile roster = RosterFile.open(config.stateDir().resolve(ROSTER), loop);
    try {
      openAll(paths());
      List<LogStore> stores = opened.stream().map(NodeDisks.Opened::store).toList();
      DiskPool pool = DiskPool.open(stores, payloads, timers, roster, PoolOptions.DEFAULT);
      timers.release();
      return new NodeDisks(pool, opened, roster);
    } catch (IOException | RuntimeException e) {
      opened.forEach(disk -> disk.store().close());
      roster.close();
      throw e;
    }
  }

  // ---- which ones

  private List<Path> paths() throws IOException {
    if (config.deviceFilter().isPresent()) {
      return devices();
    }
    List<Path> there = new ArrayList<>();
    for (Path disk : config.disks()) {
      try {
        makeIfMissing(disk);
        there.add(disk);
      } catch (IOException failed) {
        leftOut.put(disk, failed);
      }
    }
    requireDifferent(there);
    return there;
  }

  /** A device that is missing is no file yet to be made, nor is what a link should lead to. */
  private void makeIfMissing(Path disk) throws IOException {
    if (!Files.exists(disk, LinkOption.NOFOLLOW_LINKS) && !disk.toAbsolutePath().startsWith(DEV)) {
      FileDisk.createFile(disk, config.diskBytes());
    }
  }

  private static void requireDifferent(List<Path> disks) throws IOException {
    Map<String, Path> seen = new HashMap<>();
    for (Path disk : disks) {
      if (Files.exists(disk)) {
        Path same = seen.put(whatItIs(disk), disk);
        require(same == null, "--disk %s and --disk %s are the same: name it once", same, disk);
      }
    }
  }

  /** The same for all names of a file or device. */
  private static String whatItIs(Path disk) throws IOException {
    Map<String, Object> found = Files.readAttributes(disk, "unix:dev,ino,rdev");
    return Files.isRegularFile(disk)
        ? "file " + found.get("dev") + " " + found.get("ino")
        : "device " + found.get("rdev");
  }

  private List<Path> devices() throws IOException {
    DeviceSelection.Found found =
        DeviceSelection.select(
            config.deviceFilter().orElseThrow(),
            device ->
                DataDisk.look(
                    device, wanted(), StoreFormat.SEGMENT_BYTES_DEFAULT, payloads, loop, loop));
    for (Map.Entry<Path, IOException> refused : found.refused().entrySet()) {
      if (refused.getValue() instanceof DiskInUseException ours) {
        throw ours;
      }
      LOG.warn(
          "event=device_left_out device={} filter={} reason=\"{}\"",
          refused.getKey(),
          config.deviceFilter().get(),
          refused.getValue().getMessage());
    }
    LOG.info("event=devices_found devices={} filter={}", found.usable(), config.deviceFilter());
    return found.usable();
  }

  /** Each disk that is blank gets an id of its own. */
  private DiskIdentity wanted() {
    return new DiskIdentity(owner.cluster, owner.node, owner.pool, rng.nextLong() | 1);
  }

  // ---- opening

  private void openAll(List<Path> disks) throws IOException {
    StoreOptions options = options(disks.size());
    for (Path disk : disks) {
      try {
        opened.add(new NodeDisks.Opened(disk, open(disk, options)));
      } catch (DiskInUseException inUse) {
        throw inUse;
      } catch (IOException failed) {
        leftOut.put(disk, failed);
      }
    }
    if (opened.isEmpty()) {
      throw leftOut.values().iterator().next();
    }
    leftOut.forEach(
        (disk, failed) ->
            LOG.error(
                "event=disk_left_out path={} reason=\"{}\": the node goes on without it, and what"
                    + " it had is made anew from other nodes; put it right, or a blank one in its"
                    + " place, and start the daemon again",
                disk,
                failed.getMessage()));
  }

  private LogStore open(Path disk, StoreOptions options) throws IOException {
    return DataDisk.open(
        disk, wanted(), StoreFormat.SEGMENT_BYTES_DEFAULT, options, payloads, timers, loop, loop);
  }

  /** The memory for maps is for all disks together. */
  private StoreOptions options(int disks) {
    long share = config.store().mapCacheBytes() / Math.max(1, disks);
    return new StoreOptions(
        Math.max(share, NodeConfig.MAP_CACHE_BYTES_MIN), config.store().scrub());
  }
}
