package io.ashlar.sys;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Device numbers and nodes, and free loop devices. Nothing here touches what is behind a device, so
 * nothing can hang.
 */
public final class DeviceNodes {
  private static final String LOOP_CONTROL = "/dev/loop-control";
  private static final int LOOP_MAJOR = 7;
  private static final int LOOP_CTL_GET_FREE = 0x4C82;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final int S_IFMT = 0170000;
  private static final int S_IFBLK = 0060000;

  /** Major and minor number of a device. */
  public record DeviceNumber(int major, int minor) {
    static DeviceNumber ofRaw(long raw) {
      long major = ((raw >>> 8) & 0xfff) | ((raw >>> 32) & ~0xfffL);
      long minor = (raw & 0xff) | ((raw >>> 12) & ~0xffL);
      return new DeviceNumber((int) major, (int) minor);
    }

    long raw() {
      long high = major & ~0xfffL;
      return (minor & 0xffL) | ((major & 0xfffL) << 8) | ((minor & ~0xffL) << 12) | (high << 32);
    }

    @Override
    public String toString() {
      return major + ":" + minor;
    }
  }

  private DeviceNodes() {}

  /** Makes a block device node that only root may open. Fails if the path exists. */
  public static void createBlock(Path path, DeviceNumber number) throws IOException {
    if (FuseNative.mknod(path.toString(), S_IFBLK | 0600, number.raw()) < 0) {
      throw new SyscallException("mknod", path.toString(), Native.getLastError());
    }
  }

  public static boolean isBlock(Path path) {
    try {
      int mode = (Integer) Files.getAttribute(path, "unix:mode");
      return (mode & S_IFMT) == S_IFBLK;
    } catch (IOException notThere) {
      return false;
    }
  }

  /** Number of the device that a node, or a link to one, stands for. */
  public static DeviceNumber numberOf(Path node) throws IOException {
    return DeviceNumber.ofRaw((Long) Files.getAttribute(node, "unix:rdev"));
  }

  /**
   * A loop device that was free a moment ago, with its node in /dev. Others may take it first: the
   * caller retries.
   */
  public static int freeLoop() throws IOException {
    int fd = LibC.open(LOOP_CONTROL, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
      throw new SyscallException("open", LOOP_CONTROL, Native.getLastError());
    }
    try {
      int index = LibC.ioctl(fd, LOOP_CTL_GET_FREE, 0);
      if (index < 0) {
        throw new SyscallException("LOOP_CTL_GET_FREE", LOOP_CONTROL, Native.getLastError());
      }
      ensureNode(index);
      return index;
    } finally {
      var _ = LibC.close(fd);
    }
  }

  /** Containers have a /dev of their own, where new loop devices do not appear by themselves. */
  private static void ensureNode(int index) throws IOException {
    Path node = Path.of("/dev/loop" + index);
    if (!Files.exists(node, LinkOption.NOFOLLOW_LINKS)) {
      createBlock(node, loopNumber(index));
    }
  }

  public static DeviceNumber loopNumber(int index) {
    return new DeviceNumber(LOOP_MAJOR, index);
  }
}
