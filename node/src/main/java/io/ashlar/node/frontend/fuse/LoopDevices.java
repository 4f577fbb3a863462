package io.ashlar.node.frontend.fuse;

import io.ashlar.node.mount.ChildProcess;
import io.ashlar.sys.DeviceNodes;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Loop devices, found in sysfs and changed by losetup in a child process: the kernel asks the
 * backing file while it works, which is ours to serve.
 */
final class LoopDevices {
  static final int BLOCK_BYTES = 4096;

  private static final Path SYS_BLOCK = Path.of("/sys/block");
  private static final String PREFIX = "loop";
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int ATTEMPTS = 20;

  /** Larger requests would only be split again by FUSE. */
  private static final int QUEUE_KIB_MAX = FuseInit.TRANSFER_BYTES_MAX >> 10;

  /** A bound loop device and the path of what is behind it, as its maker's namespace saw it. */
  record Loop(int index, String backingFile) {
    Path node() {
      return Path.of("/dev/loop" + index);
    }
  }

  private LoopDevices() {}

  static List<Loop> list() throws IOException {
    List<Loop> found = new ArrayList<>();
    try (DirectoryStream<Path> blocks = Files.newDirectoryStream(SYS_BLOCK, PREFIX + "*")) {
      for (Path block : blocks) {
        int index = Integer.parseInt(block.getFileName().toString().substring(PREFIX.length()));
        backingFile(index).ifPresent(file -> found.add(new Loop(index, file)));
      }
    }
    return found;
  }

  /** By its file name, which carries tag, volume and generation. */
  static Optional<Loop> find(String fileName) throws IOException {
    return list().stream().filter(loop -> isOn(loop, fileName)).findFirst();
  }

  private static boolean isOn(Loop loop, String fileName) {
    return loop.backingFile().equals(fileName) || loop.backingFile().endsWith("/" + fileName);
  }

  static Optional<String> backingFile(int index) {
    try {
      return Optional.of(Files.readString(sys(index).resolve("loop/backing_file")).strip());
    } catch (IOException notBound) {
      return Optional.empty();
    }
  }

  static long sizeBytes(int index) throws IOException {
    return Long.parseLong(Files.readString(sys(index).resolve("size")).strip()) * 512;
  }

  /** Binds a free device to the file, for direct I/O in blocks of 4 KiB. */
  static Loop bind(Path file, boolean readOnly) throws IOException {
    IOException last = null;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Loop loop = new Loop(DeviceNodes.freeLoop(), file.toString());
      ChildProcess.Result result = ChildProcess.run(LIMIT, bindCommand(loop, readOnly));
      if (result.isOk()) {
        return verified(loop);
      }
      last = ChildProcess.failure(bindCommand(loop, readOnly), result);
      if (!result.said().contains("busy")) {
        break;
      }
    }
    throw last;
  }

  private static List<String> bindCommand(Loop loop, boolean readOnly) {
    List<String> command = new ArrayList<>(List.of("losetup", "--direct-io=on"));
    command.addAll(List.of("--sector-size", Integer.toString(BLOCK_BYTES)));
    if (readOnly) {
      command.add("--read-only");
    }
    command.addAll(List.of(loop.node().toString(), loop.backingFile()));
    return command;
  }

  /** Without direct I/O, writes would be acknowledged from a second page cache. */
  private static Loop verified(Loop loop) throws IOException {
    boolean direct = Files.readString(sys(loop.index()).resolve("loop/dio")).strip().equals("1");
    if (!direct) {
      release(loop.index());
      throw new IOException(loop.node() + " does not do direct I/O on " + loop.backingFile());
    }
    Files.writeString(
        sys(loop.index()).resolve("queue/max_sectors_kb"), Integer.toString(QUEUE_KIB_MAX));
    return loop;
  }

  /** Has the device take the size of its file. */
  static void refreshSize(int index) throws IOException {
    ChildProcess.require(LIMIT, List.of("losetup", "-c", "/dev/loop" + index));
  }

  /** Unbinds it; a device that is open is unbound when the last one closes it. */
  static void release(int index) throws IOException {
    ChildProcess.require(LIMIT, List.of("losetup", "-d", "/dev/loop" + index));
  }

  private static Path sys(int index) {
    return SYS_BLOCK.resolve(PREFIX + index);
  }
}
