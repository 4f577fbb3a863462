package io.ashlar.node.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** How full a mounted file system is; asked by a child process. */
public record Usage(
    long totalBytes,
    long usedBytes,
    long availableBytes,
    long inodes,
    long usedInodes,
    long freeInodes) {

  /** As statfs(2) at this path. */
  public static Usage of(Duration limit, Path path) throws IOException {
    List<String> command = List.of("stat", "-f", "-c", "%S %b %f %a %c %d", "--", path.toString());
    String[] fields = ChildProcess.require(limit, command).output().strip().split(" ");
    if (fields.length != 6) {
      throw new IOException("stat -f " + path + " said '" + String.join(" ", fields) + "'");
    }
    long blockBytes = Long.parseLong(fields[0]);
    long blocks = Long.parseLong(fields[1]);
    long free = Long.parseLong(fields[2]);
    long available = Long.parseLong(fields[3]);
    long inodes = Long.parseLong(fields[4]);
    long freeInodes = Long.parseLong(fields[5]);
    return new Usage(
        blocks * blockBytes,
        (blocks - free) * blockBytes,
        available * blockBytes,
        inodes,
        inodes - freeInodes,
        freeInodes);
  }
}
