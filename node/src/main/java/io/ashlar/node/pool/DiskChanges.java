package io.ashlar.node.pool;

import io.ashlar.disk.DiskInUseException;
import io.ashlar.disk.DiskRefusedException;
import io.ashlar.net.DataLoop;
import io.ashlar.node.disk.DiskOrders;
import io.ashlar.node.pool.DiskRefusal.Kind;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.StoreEngine.Space;
import io.ashlar.store.pool.DiskPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of a node's disks in use, for operators. The methods wait for what they do, on any thread
 * but the loop; one disk is added or removed at a time. What is ordered is durable when they
 * return.
 */
public final class DiskChanges {
  private static final Logger LOG = LoggerFactory.getLogger(DiskChanges.class);

  private static final int PATH_CHARS_MAX = 4095;

  /** What a disk is doing. */
  public enum State {
    IN_USE,
    /** What it has is going elsewhere. */
    DRAINING,
    /** Nothing of any volume is on it: it can be removed. */
    DRAINED,
    FAILED,
    /** It is here, or was named, and cannot be used. */
    LEFT_OUT
  }

  /**
   * One disk, as operators see it.
   *
   * @param id 16 hex digits; empty if it is left out
   * @param totalBytes for data; 0 if it is left out
   * @param shards of volumes' copies on it
   * @param detail why it is left out, has failed, or does not drain; may be empty
   */
  public record View(
      String id,
      Path path,
      State state,
      long totalBytes,
      long freeBytes,
      int shards,
      String detail) {}

  private final NodeDisks disks;
  private final OrderBook orders;
  private final AddedDisk adding;
  private final DataLoop loop;
  private final DiskDrains drains;
  private final ReentrantLock changing = new ReentrantLock();

  DiskChanges(NodeDisks disks, OrderBook orders, AddedDisk adding, DataLoop loop) {
    this.disks = disks;
    this.orders = orders;
    this.adding = adding;
    this.loop = loop;
    this.drains = new DiskDrains(disks.pool(), loop);
  }

  // ---- what there is

  public List<View> list() throws InterruptedException {
    return onLoop(
        () -> {
          List<View> all = new ArrayList<>();
          disks.all().forEach(disk -> all.add(view(disk)));
          disks
              .leftOut()
              .forEach((path, why) -> all.add(new View("", path, State.LEFT_OUT, 0, 0, 0, why)));
          return all;
        });
  }

  private View view(NodeDisk disk) {
    Space space = disk.store().space();
    int shards = disks.pool().shardsOn(disk.id());
    return new View(
        disk.name(),
        disk.path(),
        state(disk),
        space.totalBytes(),
        space.freeBytes(),
        shards,
        disk.store().failed() ? disk.store().failure() : drains.hindrance(disk.id()));
  }

  private State state(NodeDisk disk) {
    if (disk.store().failed()) {
      return State.FAILED;
    }
    if (!disks.pool().isDraining(disk.id())) {
      return State.IN_USE;
    }
    return disks.pool().isNeeded(disk.id()) ? State.DRAINING : State.DRAINED;
  }

  // ---- add

  /**
   * Takes a disk into use, now and at every start from now on.
   *
   * @param fileBytes size of the file to make if there is none; 0: there has to be something
   * @param erase whatever is on the disk may be lost
   */
  public View add(Path path, long fileBytes, boolean erase)
      throws DiskRefusal, InterruptedException {
    requirePath(path);
    if (fileBytes != 0) {
      refuseAs(Kind.INVALID, () -> DiskSettings.requireSize("a file", fileBytes));
    }
    return oneAtATime(
        () -> {
          int count = onLoop(() -> disks.pool().size());
          if (count >= DiskPool.DISKS_MAX) {
            throw new DiskRefusal(
                Kind.WRONG_STATE,
                "the node has %s disks, and takes no more: remove one first",
                count);
          }
          DiskOpener.Ready ready = opened(new AddedDisk.Wanted(path, fileBytes, erase), count + 1);
          return takeIn(ready);
        });
  }

  private static void requirePath(Path path) throws DiskRefusal {
    if (path.toString().length() > PATH_CHARS_MAX) {
      throw new DiskRefusal(Kind.INVALID, "the path is longer than any can be");
    }
    boolean odd = path.toString().chars().anyMatch(Character::isISOControl);
    if (!path.isAbsolute() || odd || !path.equals(path.normalize())) {
      throw new DiskRefusal(
          Kind.INVALID, "'%s' is no path that can be kept: give an absolute, plain one", path);
    }
  }

  private DiskOpener.Ready opened(AddedDisk.Wanted wanted, int count) throws DiskRefusal {
    try {
      return adding.open(wanted, orders.now(), count);
    } catch (DiskRefusedException | DiskInUseException refused) {
      throw new DiskRefusal(Kind.WRONG_STATE, "%s", refused.getMessage());
    } catch (IOException failed) {
      throw new DiskRefusal(
          Kind.WRONG_STATE, "%s cannot be used: %s", wanted.path(), failed.getMessage());
    }
  }

  private View takeIn(DiskOpener.Ready ready) throws DiskRefusal, InterruptedException {
    NodeDisk disk = ready.disk();
    boolean holds = onLoop(() -> closeIfItHolds(ready));
    if (holds) {
      throw new DiskRefusal(
          Kind.WRONG_STATE,
          "%s is this node's disk %s and holds parts of volumes: start the daemon again to take it"
              + " back as it is, or add it with --erase to lose them",
          disk.path(),
          disk.name());
    }
    Result result =
        awaited(
            done -> {
              ready.timers().release();
              disks.pool().add(disk.store(), done::complete);
            });
    if (result != Result.OK) {
      throw new DiskRefusal(Kind.DISK, "%s fails: it is not used", disk.path());
    }
    return keep(disk);
  }

  private static boolean closeIfItHolds(DiskOpener.Ready ready) {
    boolean holds = !ready.disk().store().replicas().isEmpty();
    if (holds) {
      ready.disk().store().close();
    }
    return holds;
  }

  /** If the order cannot be kept, the disk is used until the next start; the caller is told. */
  private View keep(NodeDisk disk) throws DiskRefusal, InterruptedException {
    View view =
        onLoop(
            () -> {
              disks.came(disk);
              return view(disk);
            });
    order(now -> now.adding(disk.id(), disk.path()));
    LOG.info("event=disk_added disk={} path={}", disk.name(), disk.path());
    return view;
  }

  // ---- drain

  /** Moves everything off the disk, or lets it be used again; goes on after this, and restarts. */
  public View drain(long id, boolean drain) throws DiskRefusal, InterruptedException {
    NodeDisk disk = known(id);
    if (drain && onLoop(() -> disks.pool().size()) == 1) {
      throw new DiskRefusal(
          Kind.WRONG_STATE,
          "the disk %s is the only one of this node that works: add another one first",
          NodeDisk.name(id));
    }
    order(now -> now.draining(id, drain));
    LOG.info("event={} disk={}", drain ? "drain_ordered" : "drain_cancelled", NodeDisk.name(id));
    return onLoop(
        () -> {
          if (drain) {
            drains.begin(id);
          } else {
            drains.cancel(id);
          }
          return view(disk);
        });
  }

  /** Goes on with the drains that were ordered. Loop thread only. */
  void resumeDrains() {
    orders.now().draining().forEach(drains::begin);
  }

  private NodeDisk known(long id) throws DiskRefusal, InterruptedException {
    Optional<NodeDisk> disk = onLoop(() -> disks.find(id));
    return disk.orElseThrow(
        () ->
            new DiskRefusal(
                Kind.UNKNOWN_DISK,
                "this node uses no disk %s: \"ashlar disk list\" shows those that it does",
                NodeDisk.name(id)));
  }

  // ---- remove

  /** Takes a disk out of use that has nothing of any volume, now and at every start from now on. */
  public void remove(long id) throws DiskRefusal, InterruptedException {
    oneAtATime(
        () -> {
          NodeDisk disk = known(id);
          Optional<String> hindrance = onLoop(() -> whyNotRemoved(disk));
          if (hindrance.isPresent()) {
            throw new DiskRefusal(Kind.WRONG_STATE, "%s", hindrance.get());
          }
          Result result = awaited(done -> disks.pool().remove(id, done::complete));
          if (result != Result.OK) {
            onLoop(() -> used(id));
            throw new DiskRefusal(
                Kind.WRONG_STATE,
                "the disk %s got something just now, or has failed: try again",
                NodeDisk.name(id));
          }
          onLoop(
              () -> {
                disks.left(disk);
                drains.forget(id);
                return null;
              });
          order(now -> now.removing(id, disk.path()));
          LOG.info("event=disk_removed disk={} path={}", disk.name(), disk.path());
          return null;
        });
  }

  /** A removal that did not succeed leaves the disk as it was ordered. */
  private boolean used(long id) {
    boolean stays = !orders.now().draining().contains(id);
    if (stays) {
      disks.pool().stays(id);
    }
    return stays;
  }

  private Optional<String> whyNotRemoved(NodeDisk disk) {
    DiskPool pool = disks.pool();
    if (disk.store().failed()) {
      return pool.failed() ? Optional.of("no disk of this node works any more") : Optional.empty();
    }
    if (pool.size() == 1) {
      return Optional.of("the disk " + disk.name() + " is the only one of this node that works");
    }
    if (pool.isNeeded(disk.id())) {
      return Optional.of(
          "the disk %s has %s shards of volumes: drain it first"
              .formatted(disk.name(), pool.shardsOn(disk.id())));
    }
    return Optional.empty();
  }

  // ---- how

  private interface Change<T> {
    T run() throws DiskRefusal, InterruptedException;
  }

  private <T> T oneAtATime(Change<T> change) throws DiskRefusal, InterruptedException {
    if (!changing.tryLock()) {
      throw new DiskRefusal(
          Kind.IN_PROGRESS, "another disk is being added or removed: wait for it");
    }
    try {
      return change.run();
    } finally {
      changing.unlock();
    }
  }

  private static void refuseAs(Kind kind, Runnable check) throws DiskRefusal {
    try {
      check.run();
    } catch (IllegalArgumentException wrong) {
      throw new DiskRefusal(kind, "%s", wrong.getMessage());
    }
  }

  private void order(UnaryOperator<DiskOrders> step) throws DiskRefusal {
    try {
      orders.change(step);
    } catch (IOException failed) {
      throw new DiskRefusal(
          Kind.DISK,
          "the order is not kept for the next start, since the node's state directory cannot be"
              + " written: %s; mend that and repeat it",
          failed.getMessage());
    }
  }

  private <T> T onLoop(Supplier<T> task) throws InterruptedException {
    return got(CompletableFuture.supplyAsync(task, loop));
  }

  /** Begins something on the loop and waits for its result. */
  private Result awaited(Consumer<CompletableFuture<Result>> begin) throws InterruptedException {
    CompletableFuture<Result> done = new CompletableFuture<>();
    loop.execute(() -> begin.accept(done));
    return got(done);
  }

  private static <T> T got(CompletableFuture<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException broken) {
      throw new IllegalStateException(broken.getCause());
    }
  }
}
