package io.ashlar.node.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Makes, checks, probes and grows file systems, in child processes. No state. */
public final class FileSystems {
  /** e2fsck(8): errors were corrected, 2: and the system should be rebooted (not for ours). */
  private static final int FSCK_UNCORRECTED = 4;

  /** blkid(8): nothing was found; 8: what was found is ambivalent. */
  private static final int BLKID_NOTHING = 2;

  private static final Duration QUICK = Duration.ofSeconds(30);

  private final Duration limit;

  /**
   * @param limit for one mkfs, fsck or resize
   */
  public FileSystems(Duration limit) {
    this.limit = limit;
  }

  /** What blkid says is on a device. Empty: no signature that it knows, which proves nothing. */
  public Optional<String> probe(Path device) throws IOException {
    List<String> command =
        List.of("blkid", "-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device.toString());
    ChildProcess.Result result = ChildProcess.run(QUICK, command);
    if (result.exitCode() == BLKID_NOTHING && result.errors().isBlank()) {
      return Optional.empty();
    }
    if (!result.isOk()) {
      throw ChildProcess.failure(command, result);
    }
    return Optional.of(probed(result.output()));
  }

  private static String probed(String output) {
    String type = "unknown";
    for (String line : output.lines().toList()) {
      if (line.startsWith("TYPE=")) {
        return line.substring("TYPE=".length());
      }
      if (line.startsWith("PTTYPE=")) {
        type = "partition table " + line.substring("PTTYPE=".length());
      }
    }
    return type;
  }

  /** Writes a new file system. Whoever calls has proof that nothing is lost. */
  public void make(FileSystemKind kind, Path device) throws IOException {
    requireExclusive(kind.makeCommand(device.toString()));
  }

  /** Makes the whole device read as zeros again. */
  public void wipe(Path device) throws IOException {
    requireExclusive(List.of("blkdiscard", "--", device.toString()));
  }

  private void requireExclusive(List<String> command) throws IOException {
    ChildProcess.Result result = ChildProcess.exclusive(limit, command);
    if (!result.isOk()) {
      throw ChildProcess.failure(command, result);
    }
  }

  /**
   * Repairs what can be repaired without asking. xfs replays its log when it is mounted.
   *
   * @throws CommandException if errors are left, or it could not be checked
   */
  public void check(FileSystemKind kind, Path device) throws IOException {
    if (kind != FileSystemKind.EXT4) {
      return;
    }
    List<String> command = List.of("e2fsck", "-p", device.toString());
    ChildProcess.Result result = ChildProcess.exclusive(limit, command);
    if (result.exitCode() >= FSCK_UNCORRECTED) {
      throw ChildProcess.failure(command, result);
    }
  }

  /** Grows a mounted file system to the size of its device; nothing to do is success. */
  public void grow(FileSystemKind kind, Path device, Path mountPoint) throws IOException {
    List<String> command =
        switch (kind) {
          case EXT4 -> List.of("resize2fs", device.toString());
          case XFS -> List.of("xfs_growfs", mountPoint.toString());
        };
    ChildProcess.require(limit, command);
  }

  /**
   * Grows a file system before it is mounted, where that can be done. ext4: the kernel lets only
   * CAP_SYS_RESOURCE grow a mounted one, and this way needs nothing.
   */
  public void growUnmounted(FileSystemKind kind, Path device) throws IOException {
    if (kind != FileSystemKind.EXT4) {
      return;
    }
    List<String> command = List.of("resize2fs", device.toString());
    ChildProcess.Result result = ChildProcess.run(limit, command);
    if (!result.isOk() && (result.errors() + result.output()).contains("e2fsck -f")) {
      List<String> full = List.of("e2fsck", "-f", "-p", device.toString());
      ChildProcess.Result checked = ChildProcess.run(limit, full);
      if (checked.exitCode() >= FSCK_UNCORRECTED) {
        throw ChildProcess.failure(full, checked);
      }
      result = ChildProcess.run(limit, command);
    }
    if (!result.isOk()) {
      throw ChildProcess.failure(command, result);
    }
  }

  /** Writes back what the kernel holds of a block device. */
  public void flush(Path device) throws IOException {
    ChildProcess.require(limit, List.of("blockdev", "--flushbufs", device.toString()));
  }
}
