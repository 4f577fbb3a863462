package io.ashlar.node.pool;

import static io.ashlar.model.Invariants.require;

import io.ashlar.block.PayloadPool;
import io.ashlar.disk.DataDisk;
import io.ashlar.disk.DiskInUseException;
import io.ashlar.disk.FileDisk;
import io.ashlar.model.NodeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.disk.DeviceSelection;
import io.ashlar.node.disk.DiskOrders;
import io.ashlar.node.disk.NoDeviceException;
import io.ashlar.node.disk.RosterFile;
import io.ashlar.node.pool.DiskOpener.Ready;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.store.pool.PoolOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the node's data disks and opens them, all at once, as one pool. A disk that cannot be used
 * is left out as long as there is another one: what it had is made anew from other nodes.
 */
public final class DiskOpening {
  private static final Logger LOG = LoggerFactory.getLogger(DiskOpening.class);
  private static final Path DEV = Path.of("/dev");

  /** In the state directory. */
  private static final String ROSTER = "disks";

  private static final String ORDERS = "disk-orders";

  /**
   * Whose disks they are.
   *
   * @param cluster id of the cluster
   * @param pool name of the pool on the node
   */
  public record Owner(String cluster, NodeId node, String pool) {
    /** A disk of theirs, with an id of its own if it is blank. */
    DiskIdentity disk(LongSupplier random) {
      return new DiskIdentity(cluster, node, pool, random.getAsLong() | 1);
    }
  }

  private final Path stateDir;
  private final DiskSettings settings;
  private final Owner owner;
  private final LongSupplier random;
  private final PayloadPool payloads;
  private final DataLoop loop;
  private final HeldTimers timers;
  private final DiskOpener opener;
  private final List<Ready> opened = new ArrayList<>();
  private final Map<Path, IOException> leftOut = new LinkedHashMap<>();

  /**
   * @param payloads for the pool; nobody else uses them until {@link #open} is over, then they are
   *     the loop's
   */
  public DiskOpening(
      Path stateDir,
      DiskSettings settings,
      Owner owner,
      LongSupplier random,
      PayloadPool payloads,
      DataLoop loop) {
    this.stateDir = stateDir;
    this.settings = settings;
    this.owner = owner;
    this.random = random;
    this.payloads = payloads;
    this.loop = loop;
    this.timers = new HeldTimers(loop);
    this.opener = new DiskOpener(settings, owner, random, loop);
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
  public NodeDisks open() throws IOException, InterruptedException {
    OrderBook orders = OrderBook.open(stateDir.resolve(ORDERS));
    RosterFile roster = RosterFile.open(stateDir.resolve(ROSTER), loop);
    try {
      openAll(paths(orders.now()), orders.now());
      List<NodeDisk> disks = opened.stream().map(Ready::disk).toList();
      List<LogStore> stores = disks.stream().map(NodeDisk::store).toList();
      DiskPool pool = DiskPool.open(stores, payloads, timers, roster, PoolOptions.DEFAULT);
      opened.forEach(each -> each.timers().release());
      timers.release();
      return new NodeDisks(pool, disks, leftOut, roster, orders, new AddedDisk(opener), loop);
    } catch (IOException | InterruptedException | RuntimeException e) {
      opened.forEach(each -> each.disk().store().close());
      roster.close();
      throw e;
    }
  }

  // ---- which ones

  private List<Path> paths(DiskOrders orders) throws IOException {
    List<Path> there = new ArrayList<>(settings.filter().isPresent() ? devices() : files(orders));
    Set<String> known = new HashSet<>();
    for (Path path : there) {
      if (Files.exists(path)) {
        known.add(whatItIs(path));
      }
    }
    for (Path added : orders.added().values()) {
      if (!Files.exists(added) || known.add(whatItIs(added))) {
        there.add(added);
      }
    }
    return there;
  }

  private List<Path> files(DiskOrders orders) throws IOException {
    List<Path> there = new ArrayList<>();
    for (Path disk : settings.paths()) {
      if (orders.removed().containsValue(disk) && !Files.exists(disk)) {
        continue; // its file may well have been deleted since
      }
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
      FileDisk.createFile(disk, settings.fileBytes());
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
            settings.filter().orElseThrow(),
            device ->
                DataDisk.look(
                    device,
                    owner.disk(random),
                    StoreFormat.SEGMENT_BYTES_DEFAULT,
                    payloads,
                    loop,
                    loop));
    for (Map.Entry<Path, IOException> refused : found.refused().entrySet()) {
      if (refused.getValue() instanceof DiskInUseException ours) {
        throw ours;
      }
      LOG.warn(
          "event=device_left_out device={} filter={} reason=\"{}\"",
          refused.getKey(),
          settings.filter().get(),
          refused.getValue().getMessage());
    }
    LOG.info("event=devices_found devices={} filter={}", found.usable(), settings.filter());
    return found.usable();
  }

  // ---- opening

  /** All at once: a restart waits for the slowest one, not for their sum. */
  private void openAll(List<Path> disks, DiskOrders orders)
      throws IOException, InterruptedException {
    Map<Path, Opening<Optional<Ready>>> opening = new LinkedHashMap<>();
    for (Path path : disks) {
      opening.put(
          path,
          Opening.begin(
              "opening-" + path.getFileName(),
              () -> opener.open(path, disks.size(), (disk, ours) -> isWanted(path, disk, orders))));
    }
    Optional<DiskInUseException> inUse = Optional.empty();
    for (Map.Entry<Path, Opening<Optional<Ready>>> each : opening.entrySet()) {
      try {
        each.getValue().result().ifPresent(opened::add);
      } catch (DiskInUseException used) {
        inUse = Optional.of(used);
      } catch (IOException failed) {
        leftOut.put(each.getKey(), failed);
      }
    }
    if (inUse.isPresent()) {
      throw inUse.get();
    }
    if (opened.isEmpty()) {
      throw leftOut.isEmpty()
          ? new NoDeviceException("all disks of this node were taken out of use: add one")
          : leftOut.values().iterator().next();
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

  /** Not one that was taken out, nor another one where one was added. */
  private static boolean isWanted(Path path, DataDisk disk, DiskOrders orders) throws IOException {
    Optional<Long> id = disk.found().map(DiskIdentity::diskId);
    if (id.isPresent() && orders.removed().containsKey(id.get())) {
      LOG.info("event=disk_not_used disk={} path={}: taken out", NodeDisk.name(id.get()), path);
      return false;
    }
    Optional<Long> added = orders.addedAt(path);
    if (added.isPresent() && !added.equals(id)) {
      throw new IOException(
          "%s was added with the disk %s, and there is %s: \"ashlar disk add\" takes it"
              .formatted(
                  path,
                  NodeDisk.name(added.get()),
                  id.map(other -> "the disk " + NodeDisk.name(other)).orElse("a blank one")));
    }
    return true;
  }
}
