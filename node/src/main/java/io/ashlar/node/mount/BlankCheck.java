package io.ashlar.node.mount;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads, past the page cache, the places of a device where file systems and volume managers keep
 * their superblocks, and tells whether they are zero. One of the proofs before mkfs; a child
 * process reads.
 */
public final class BlankCheck {
  private static final long MIB = 1L << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Copies of superblocks: btrfs at 64 MiB, ext4 at 128 MiB with 4 KiB blocks, at 8 MiB with 1. */
  private static final List<Long> COPIES_AT_MIB = List.of(8L, 64L, 128L);

  private BlankCheck() {}

  /** The MiBs that are read: the first, the last (which may be cut), and those of the copies. */
  static NavigableSet<Long> placesMib(long sizeBytes) {
    NavigableSet<Long> places = new TreeSet<>();
    long lastMib = (sizeBytes - 1) / MIB;
    places.add(0L);
    places.add(lastMib);
    places.add(Math.max(0, lastMib - 1));
    COPIES_AT_MIB.stream().filter(at -> at < lastMib).forEach(places::add);
    // xfs keeps a superblock at the start of each allocation group, usually a quarter of the whole.
    for (long quarter = 1; quarter < 4; quarter++) {
      places.add(Math.min(lastMib, quarter * sizeBytes / 4 / MIB));
    }
    return places;
  }

  /**
   * @throws IOException if any of it cannot be read: then nothing is known
   */
  public static boolean isZero(Path device, long sizeBytes) throws IOException {
    for (long place : placesMib(sizeBytes)) {
      if (!isZeroMib(device, place, Math.min(MIB, sizeBytes - place * MIB))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZeroMib(Path device, long place, long lengthBytes) throws IOException {
    List<String> command =
        List.of(
            "dd",
            "if=" + device,
            "bs=1M",
            "count=1",
            "skip=" + place,
            "iflag=direct",
            "status=none");
    AtomicBoolean zero = new AtomicBoolean(true);
    AtomicLong seenBytes = new AtomicLong();
    ChildProcess.Result result =
        ChildProcess.stream(LIMIT, command, output -> scan(output, zero, seenBytes));
    if (!result.isOk()) {
      throw ChildProcess.failure(command, result);
    }
    if (seenBytes.get() != lengthBytes) {
      throw new IOException(
          "%s: read %d of %d bytes at %d MiB"
              .formatted(device, seenBytes.get(), lengthBytes, place));
    }
    return zero.get();
  }

  private static void scan(InputStream output, AtomicBoolean zero, AtomicLong seenBytes)
      throws IOException {
    byte[] part = new byte[64 << 10];
    for (int count = output.read(part); count >= 0; count = output.read(part)) {
      for (int i = 0; i < count; i++) {
        if (part[i] != 0) {
          zero.set(false);
        }
      }
      seenBytes.addAndGet(count);
    }
  }
}
