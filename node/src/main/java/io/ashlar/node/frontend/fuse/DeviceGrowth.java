package io.ashlar.node.frontend.fuse;

import io.ashlar.node.mount.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Grows a loop device on a FUSE file that has a new size already. The loop device takes the new
 * size at once, but the file's cached size stays the old one, and the new area would answer errors:
 * a truncate to the new size, which our file answers with its size, puts that right. Measured on
 * 6.18.
 */
final class DeviceGrowth {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private DeviceGrowth() {}

  static void grow(int loop, Path file, long newSizeBytes) throws IOException {
    LoopDevices.refreshSize(loop);
    ChildProcess.require(
        LIMIT, List.of("truncate", "-s", Long.toString(newSizeBytes), file.toString()));
    LoopDevices.refreshSize(loop);
    long sizeBytes = LoopDevices.sizeBytes(loop);
    if (sizeBytes != newSizeBytes) {
      throw new IOException(
          "loop device %d has %d bytes after growing to %d"
              .formatted(loop, sizeBytes, newSizeBytes));
    }
    ChildProcess.require(LIMIT, readLastBlock(loop, newSizeBytes));
  }

  private static List<String> readLastBlock(int loop, long sizeBytes) {
    long last = sizeBytes / LoopDevices.BLOCK_BYTES - 1;
    return List.of(
        "dd",
        "if=/dev/loop" + loop,
        "of=/dev/null",
        "bs=" + LoopDevices.BLOCK_BYTES,
        "skip=" + last,
        "count=1",
        "iflag=direct",
        "status=none");
  }
}
