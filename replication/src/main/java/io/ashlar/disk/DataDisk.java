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
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the store on a file or device, or looks whether it could. */
public final class DataDisk {
  private static final Logger LOG = LoggerFactory.getLogger(DataDisk.class);

  private DataDisk() {}

  /**
   * Opens what is there, or formats it if it is blank. Blocking; afterwards the store belongs to
   * the loop that {@code loop}, {@code timers} and {@code readiness} stand for.
   *
   * @param wanted cluster, node and pool, and the disk id to give a blank disk
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
    FileDisk disk = FileDisk.open(path, FileDisk.THREADS_DEFAULT, loop, readiness);
    try {
      StoreFormat.formatIfBlank(disk, pool, wanted, segmentBytes);
      long begun = System.nanoTime();
      LogStore store = LogStore.open(disk, pool, timers, options);
      LOG.info(
          "event=disk_opened disk={} path={} millis={} {}",
          "%016x".formatted(store.identity().diskId()),
          path,
          NANOSECONDS.toMillis(System.nanoTime() - begun),
          store.opened());
      return store;
    } catch (StoreOpenException | IllegalArgumentException e) {
      disk.close();
      throw new DiskRefusedException(path, e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      disk.close();
      throw e;
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
