package io.ashlar.sys;

import com.sun.jna.Native;

/** The C library as JNA maps it. Addresses are plain numbers: the caller keeps the memory alive. */
final class LibC {
  static {
    Native.register(LibC.class, "c");
  }

  private LibC() {}

  static native int open(String path, int flags, int mode);

  static native int close(int fd);

  static native long pread(int fd, long address, long count, long offset);

  static native long pwrite(int fd, long address, long count, long offset);

  static native int fdatasync(int fd);

  static native int fsync(int fd);

  static native int fallocate(int fd, int mode, long offset, long length);

  static native int flock(int fd, int operation);

  static native int ioctl(int fd, long request, long argument);

  static native long lseek(int fd, long offset, int whence);

  static native String strerror(int errno);
}
