package io.ashlar.disk;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Readiness;
import io.ashlar.env.Timers;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file or device that is held for a store, from {@link #claim} until the store that was opened on
 * it, or this, is closed. One thread at a time.
 */
public final class DataDisk implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DataDisk.class);

  private final Path path;
  private final FileDisk disk;
  private final int segmentBytes;
  private final PayloadPool pool;
  private boolean handedOn;

  private DataDisk(Path path, FileDisk disk, int segmentBytes, PayloadPool pool) {
    this.path = path;
    this.disk = disk;
    this.segmentBytes = segmentBytes;
    this.pool = pool;
  }

  /**
   * Holds a disk, so that nobody else can use it, and changes nothing. Blocking.
   *
   * @param pool of the calling thread, then of the store's loop
   * @param loop that a store on it will belong to
   * @param readiness the same loop
   * @throws DiskInUseException if somebody else holds it
   * @throws IOException if it cannot be opened
   */
  public static DataDisk claim(
      Path path, int segmentBytes, PayloadPool pool, Executor loop, Readiness readiness)
      throws IOException {
    FileDisk disk = FileDisk.open(path, FileDisk.THREADS_DEFAULT, loop, readiness);
    return new DataDisk(path, disk, segmentBytes, pool);
  }

  /**
   * What the disk says it is; empty if it says nothing. Blocking.
   *
   * @throws DiskRefusedException if it is something else's, or damaged
   */
  public Optional<DiskIdentity> found() throws IOException {
    return judged(() -> StoreFormat.identify(disk, pool));
  }

  /**
   * Formats the disk whatever there is on it: all of that is lost. Blocking.
   *
   * @throws DiskRefusedException if it is too small
   */
  public void formatAnew(DiskIdentity identity) throws IOException {
    judged(
        () -> {
          StoreFormat.formatAnew(disk, pool, identity, segmentBytes);
          return identity;
        });
  }

  /**
   * Opens what is there, or formats it if it is blank. Blocking; afterwards the store belongs to
   * the loop, and holds the disk.
   *
   * @param wanted cluster, node and pool, and the disk id to give a blank disk
   * @param timers of the loop
   * @throws DiskRefusedException if the disk is somebody else's or damaged; it is not touched then
   */
  public LogStore open(DiskIdentity wanted, StoreOptions options, Timers timers)
      throws IOException {
    return judged(
        () -> {
          StoreFormat.formatIfBlank(disk, pool, wanted, segmentBytes);
          long begun = System.nanoTime();
          LogStore store = LogStore.open(disk, pool, timers, options);
          handedOn = true;
          LOG.info(
              "event=disk_opened disk={} path={} millis={} {}",
              "%016x".formatted(store.identity().diskId()),
              path,
              NANOSECONDS.toMillis(System.nanoTime() - begun),
              store.opened());
          return store;
        });
  }

  private interface Step<T> {
    T run() throws IOException;
  }

  private <T> T judged(Step<T> step) throws IOException {
    try {
      return step.run();
    } catch (StoreOpenException | IllegalArgumentException e) {
      throw new DiskRefusedException(path, e.getMessage(), e);
    }
  }

  /** Lets the disk go, unless a store has it. */
  @Override
  public void close() {
    if (!handedOn) {
      disk.close();
    }
  }

  /**
   * {@link #claim} and {@link #open(DiskIdentity, StoreOptions, Timers)} in one.
   *
   * @throws DiskRefusedException if the disk is somebody else's or damaged; it is not touched then
   * @throws DiskInUseException if somebody else holds it
   * @throws IOException if it cannot be opened or read
   */
  public static LogStore open(
      Path path,
      DiskIdentity wanted,
      int segmentBytes,
      StoreOptions options,
      PayloadPool pool,
      Timers timers,
      Executor loop,
      Readiness readiness)
      throws IOException {
    try (DataDisk disk = claim(path, segmentBytes, pool, loop, readiness)) {
      return disk.open(wanted, options, timers);
    }
  }

  /**
   * Looks whether {@link #open} would take a disk; changes nothing. Blocking. Devices that are
   * mounted or part of something else, or of which a partition is, are in use: the kernel knows.
   *
   * @throws DiskInUseException if it is this node's already, and in use nevertheless
   * @throws IOException saying why it cannot be used
   */
  public static void look(
      Path path,
      DiskIdentity wanted,
      int segmentBytes,
      PayloadPool pool,
      Executor loop,
      Readiness readiness)
      throws IOException {
    FileDisk disk;
    try {
      disk = FileDisk.open(path, 1, loop, readiness);
    } catch (DiskInUseException inUse) {
      throw DiskImage.serves(path, pool, wanted)
          ? inUse
          : new IOException(inUse.getMessage(), inUse);
    }
    try {
      var _ = StoreFormat.usable(disk, pool, wanted, segmentBytes);
    } finally {
      disk.close();
    }
  }
}
