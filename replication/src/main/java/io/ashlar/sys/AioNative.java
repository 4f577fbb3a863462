package io.ashlar.sys;

import com.sun.jna.Native;

/**
 * Linux AIO as system calls, since the C library has no wrappers for them (io_submit(2)). Every
 * argument is a number of register size.
 */
final class AioNative {
  static {
    Native.register(AioNative.class, "c");
  }

  private AioNative() {}

  static native long syscall(
      long number, long first, long second, long third, long fourth, long fifth);

  static native int eventfd(int initial, int flags);
}
