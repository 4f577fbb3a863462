package io.ashlar.sys;

import com.sun.jna.Native;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * One descriptor of a FUSE connection: the one that was mounted, or a clone of it. A request is
 * answered on the channel on which it was read. Any thread may write; one thread reads.
 *
 * <p>Closing the last descriptor of a connection, in whichever process, aborts it: all requests
 * then fail. Closing a clone aborts the requests that were read from it.
 */
public final class FuseChannel implements AutoCloseable {
  /** What {@link #read} answers when nothing was read, and reading goes on. */
  public static final int RETRY = 0;

  /** What {@link #read} answers when the file system was unmounted or aborted. */
  public static final int UNMOUNTED = -1;

  private static final String DEVICE = "/dev/fuse";
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final int ENOENT = 2;
  private static final int ENODEV = 19;
  private static final int ENOTCONN = 107;
  private static final long MS_NOSUID = 2;
  private static final long MS_NODEV = 4;

  /** {@code FUSE_DEV_IOC_CLONE} of linux/fuse.h. */
  private static final long CLONE = 0x8004E500L;

  private final int fd;

  private FuseChannel(int fd) {
    this.fd = fd;
  }

  /** Opens a new, unmounted descriptor. The caller closes it. */
  public static FuseChannel open() throws IOException {
    int fd = LibC.open(DEVICE, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
      throw new SyscallException("open", DEVICE, Native.getLastError());
    }
    return new FuseChannel(fd);
  }

  /** Takes over a descriptor that another process handed to us. */
  public static FuseChannel ofDescriptor(int fd) {
    return new FuseChannel(fd);
  }

  public int descriptor() {
    return fd;
  }

  /**
   * Mounts a file system of type {@code fuse} that this descriptor serves. Returns before the
   * kernel's first request was answered. Mounts stack: the caller makes sure the place is free.
   *
   * @param source shown in the mount table
   */
  public void mount(String source, Path target, int readBytesMax) throws IOException {
    String data =
        "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,max_read=%d"
            .formatted(fd, readBytesMax);
    int result = FuseNative.mount(source, target.toString(), "fuse", MS_NOSUID | MS_NODEV, data);
    if (result < 0) {
      throw new SyscallException("mount", target.toString(), Native.getLastError());
    }
  }

  /** Another queue of the same connection. The caller closes it. */
  public FuseChannel cloneChannel() throws IOException {
    FuseChannel clone = open();
    ByteBuffer argument = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, fd);
    try {
      if (LibC.ioctl(clone.fd, CLONE, DirectMemory.addressOf(argument)) < 0) {
        int errno = Native.getLastError();
        clone.close();
        throw new SyscallException("FUSE_DEV_IOC_CLONE", DEVICE, errno);
      }
      return clone;
    } finally {
      Reference.reachabilityFence(argument);
    }
  }

  /**
   * Reads one request; blocks until there is one.
   *
   * @return its length, {@link #RETRY} or {@link #UNMOUNTED}
   * @throws IOException for any other failure, which is final
   */
  public int read(long address, int capacityBytes) throws IOException {
    long count = FuseNative.read(fd, address, capacityBytes);
    if (count >= 0) {
      return (int) count;
    }
    int errno = Native.getLastError();
    return switch (errno) {
      case Errno.EINTR, Errno.EAGAIN, ENOENT -> RETRY;
      case ENODEV, ENOTCONN -> UNMOUNTED;
      default -> throw new SyscallException("read", DEVICE, errno);
    };
  }

  /**
   * Writes one answer or notification, gathered from the vectors.
   *
   * @return false if nobody waits for it any more, or the kernel does not know what it is about
   * @throws IOException for any other failure
   */
  public boolean write(IoVectors vectors) throws IOException {
    while (FuseNative.writev(fd, vectors.address(), vectors.count()) < 0) {
      int errno = Native.getLastError();
      switch (errno) {
        case Errno.EINTR -> {}
        case ENOENT, ENODEV, ENOTCONN -> {
          return false;
        }
        default -> throw new SyscallException("write", DEVICE, errno);
      }
    }
    return true;
  }

  @Override
  public void close() {
    var _ = LibC.close(fd);
  }
}
