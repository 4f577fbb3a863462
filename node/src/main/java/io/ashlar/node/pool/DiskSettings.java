package io.ashlar.node.pool;

import static io.ashlar.model.Invariants.require;

import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which disks a node uses, and how.
 *
 * @param paths the data disks, where no filter says which devices they are
 * @param filter of the names of block devices: the data disks are those that it matches
 * @param fileBytes size of a data disk's file if it has to be made
 * @param store how the engines of all data disks together are to behave
 */
public record DiskSettings(
    List<Path> paths, Optional<Pattern> filter, long fileBytes, StoreOptions store) {
  /** Twelve segments of the store's log, and what comes before them. */
  static final long FILE_BYTES_MIN = StoreFormat.diskBytesMin(StoreFormat.SEGMENT_BYTES_DEFAULT);

  /** Memory for the maps of one disk at least. */
  public static final long MAP_CACHE_BYTES_MIN = 8L << 20;

  public DiskSettings {
    paths = List.copyOf(paths);
    requireSize("--disk-size", fileBytes);
  }

  static void requireSize(String what, long bytes) {
    require(
        bytes >= FILE_BYTES_MIN,
        "%s %s: want at least %s bytes (%s MiB)",
        what,
        bytes,
        FILE_BYTES_MIN,
        FILE_BYTES_MIN >> 20);
  }

  /** For one of so many disks: the memory for maps is for all together. */
  StoreOptions storeOfOne(int disks) {
    long share = store.mapCacheBytes() / Math.max(1, disks);
    return new StoreOptions(Math.max(share, MAP_CACHE_BYTES_MIN), store.scrub());
  }
}
