package io.ashlar.node.pool;

import io.ashlar.disk.FileDisk;
import io.ashlar.node.disk.DiskOrders;
import io.ashlar.node.pool.DiskOpener.Ready;
import io.ashlar.store.DiskIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** Opens disks that are added while the node is in use. */
final class AddedDisk {
  private final DiskOpener opener;

  AddedDisk(DiskOpener opener) {
    this.opener = opener;
  }

  /**
   * What is to be added.
   *
   * @param fileBytes size of the file to make if there is none; 0: there has to be something
   * @param erase whatever is on the disk may be lost
   */
  record Wanted(Path path, long fileBytes, boolean erase) {}

  /**
   * Opens a disk, formatting it if it is blank, if it was taken out of use by an order, or if it
   * may be erased. Blocking; not on the loop.
   *
   * @param disks that will be in use with it
   */
  Ready open(Wanted wanted, DiskOrders orders, int disks) throws IOException, DiskRefusal {
    Path path = wanted.path();
    if (wanted.fileBytes() > 0 && !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      create(path, wanted.fileBytes());
    }
    if (!Files.exists(path)) {
      throw new DiskRefusal(
          DiskRefusal.Kind.INVALID,
          "%s does not exist: name a device or a file, or give the size of a file to make",
          path);
    }
    return opener
        .open(
            path,
            disks,
            (disk, ours) -> {
              if (wanted.erase() || isTakenOut(disk.found(), ours, orders)) {
                disk.formatAnew(ours);
              }
              return true;
            })
        .orElseThrow();
  }

  private static void create(Path path, long bytes) throws DiskRefusal {
    try {
      FileDisk.createFile(path, bytes);
    } catch (IOException cannot) {
      throw new DiskRefusal(
          DiskRefusal.Kind.INVALID,
          "the file cannot be made: %s; name one that can",
          cannot.getMessage());
    }
  }

  private static boolean isTakenOut(
      Optional<DiskIdentity> found, DiskIdentity ours, DiskOrders orders) {
    return found
        .filter(disk -> disk.serves(ours) && orders.removed().containsKey(disk.diskId()))
        .isPresent();
  }
}
