package io.ashlar.sys;

import com.sun.jna.Native;

/** What FUSE devices need of the C library. Addresses are plain numbers. */
final class FuseNative {
  static {
    Native.register(FuseNative.class, "c");
  }

  private FuseNative() {}

  static native long read(int fd, long address, long count);

  static native long writev(int fd, long iovecs, int count);

  static native int mount(String source, String target, String type, long flags, String data);

  static native int mknod(String path, int mode, long device);
}
