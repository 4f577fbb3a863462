package io.ashlar.sys;

import com.sun.jna.Native;

/** Unix sockets of the C library, as far as passing descriptors needs them. */
final class SocketNative {
  static {
    Native.register(SocketNative.class, "c");
  }

  private SocketNative() {}

  static native int socket(int domain, int type, int protocol);

  static native int bind(int fd, long address, int lengthBytes);

  static native int listen(int fd, int backlog);

  static native int connect(int fd, long address, int lengthBytes);

  static native int accept4(int fd, long address, long lengthBytes, int flags);

  static native long sendmsg(int fd, long message, int flags);

  static native long recvmsg(int fd, long message, int flags);

  static native int shutdown(int fd, int how);
}
