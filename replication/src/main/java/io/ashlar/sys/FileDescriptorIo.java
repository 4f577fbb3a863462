package io.ashlar.sys;

import com.sun.jna.Native;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * Calls on integer file descriptors. Transfers go on until everything is moved; buffers are direct,
 * and aligned where the descriptor was opened with O_DIRECT (open(2)).
 */
public final class FileDescriptorIo {
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_DIRECT = 0x4000;
  public static final int O_CLOEXEC = 0x80000;

  private static final int LOCK_EXCLUSIVE_NOW = 2 | 4;
  private static final int SEEK_END = 2;

  /** _IOR(0x12, 114, size_t) and _IO(0x12, 119) of linux/fs.h. */
  private static final long BLKGETSIZE64 = 0x80081272L;

  private static final long BLKDISCARD = 0x1277;

  private FileDescriptorIo() {}

  public static int open(String path, int flags, int mode) throws SyscallException {
    while (true) {
      int fd = LibC.open(path, flags, mode);
      int errno = Native.getLastError();
      if (fd >= 0) {
        return fd;
      }
      if (errno != Errno.EINTR) {
        throw new SyscallException("open", path, errno);
      }
    }
  }

  /** Gives the descriptor back. Linux frees it whatever close(2) returns. */
  public static void close(int fd) {
    LibC.close(fd);
  }

  /** Reads until the buffer is full. Returns 0 or an errno; EIO at the end of the file. */
  public static int read(int fd, ByteBuffer into, long offset) {
    return transfer(into, offset, (address, count, at) -> LibC.pread(fd, address, count, at));
  }

  /** Writes all that remains in the buffer. Returns 0 or an errno. */
  public static int write(int fd, ByteBuffer from, long offset) {
    return transfer(from, offset, (address, count, at) -> LibC.pwrite(fd, address, count, at));
  }

  /** Returns 0 or an errno. Not tried again: a failed sync is final (fsync(2), NOTES). */
  public static int fdatasync(int fd) {
    int result = LibC.fdatasync(fd);
    int errno = Native.getLastError();
    return result == 0 ? 0 : errno;
  }

  /** Makes names in a directory durable, or a file with all its metadata. */
  public static void fsync(int fd, String path) throws SyscallException {
    int result = LibC.fsync(fd);
    int errno = Native.getLastError();
    if (result != 0) {
      throw new SyscallException("fsync", path, errno);
    }
  }

  /** Allocates space so that later writes in the range do not fail for lack of it. */
  public static void allocate(int fd, long lengthBytes, String path) throws SyscallException {
    while (true) {
      int result = LibC.fallocate(fd, 0, 0, lengthBytes);
      int errno = Native.getLastError();
      if (result == 0) {
        return;
      }
      if (errno != Errno.EINTR) {
        throw new SyscallException("fallocate", path, errno);
      }
    }
  }

  /** Takes the exclusive lock of flock(2); false if another open file has it. */
  public static boolean tryLock(int fd, String path) throws SyscallException {
    int result = LibC.flock(fd, LOCK_EXCLUSIVE_NOW);
    int errno = Native.getLastError();
    if (result != 0 && errno != Errno.EAGAIN) {
      throw new SyscallException("flock", path, errno);
    }
    return result == 0;
  }

  /** Size of a regular file. */
  public static long fileSize(int fd, String path) throws SyscallException {
    long size = LibC.lseek(fd, 0, SEEK_END);
    int errno = Native.getLastError();
    if (size < 0) {
      throw new SyscallException("lseek", path, errno);
    }
    return size;
  }

  /** Size of a block device. */
  public static long deviceSize(int fd, String path) throws SyscallException {
    ByteBuffer size = ByteBuffer.allocateDirect(Long.BYTES).order(java.nio.ByteOrder.nativeOrder());
    try {
      int result = LibC.ioctl(fd, BLKGETSIZE64, MemorySegment.ofBuffer(size).address());
      int errno = Native.getLastError();
      if (result != 0) {
        throw new SyscallException("ioctl BLKGETSIZE64", path, errno);
      }
      return size.getLong(0);
    } finally {
      Reference.reachabilityFence(size);
    }
  }

  /** Discards a range of a block device. Returns 0 or an errno. */
  public static int discardDevice(int fd, long offsetBytes, long lengthBytes) {
    ByteBuffer range =
        ByteBuffer.allocateDirect(2 * Long.BYTES).order(java.nio.ByteOrder.nativeOrder());
    range.putLong(0, offsetBytes).putLong(8, lengthBytes);
    try {
      int result = LibC.ioctl(fd, BLKDISCARD, MemorySegment.ofBuffer(range).address());
      int errno = Native.getLastError();
      return result == 0 ? 0 : errno;
    } finally {
      Reference.reachabilityFence(range);
    }
  }

  /** pread(2) or pwrite(2). */
  private interface Call {
    long move(long address, long count, long offset);
  }

  private static int transfer(ByteBuffer buffer, long offset, Call call) {
    try {
      return transferAll(
          MemorySegment.ofBuffer(buffer).address(), buffer.remaining(), offset, call);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  private static int transferAll(long address, long length, long offset, Call call) {
    long done = 0;
    while (done < length) {
      long moved = call.move(address + done, length - done, offset + done);
      int errno = Native.getLastError();
      if (moved > 0) {
        done += moved;
      } else if (moved == 0) {
        return Errno.EIO;
      } else if (errno != Errno.EINTR) {
        return errno;
      }
    }
    return 0;
  }
}
