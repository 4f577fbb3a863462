package io.ashlar.sys;

import com.sun.jna.Native;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Unix socket of type SEQPACKET that carries messages and file descriptors (SCM_RIGHTS, unix(7)).
 * Calls block; one thread sends and one receives at a time.
 */
public final class FdSocket implements AutoCloseable {
  /** Longest message; longer ones are cut by the kernel and refused here. */
  public static final int MESSAGE_BYTES_MAX = 64 << 10;

  public static final int DESCRIPTORS_MAX = 64;

  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_CTRUNC = 0x8;
  private static final int SHUT_RDWR = 2;
  private static final int BACKLOG = 16;
  private static final int PATH_BYTES_MAX = 107;
  private static final int ADDRESS_BYTES = 110;

  // struct msghdr, 64 bit
  private static final int MSG_IOV = 16;
  private static final int MSG_IOVLEN = 24;
  private static final int MSG_CONTROL = 32;
  private static final int MSG_CONTROLLEN = 40;
  private static final int MSG_FLAGS = 48;
  private static final int MSG_BYTES = 56;

  // struct cmsghdr, 64 bit
  private static final int CMSG_HEADER_BYTES = 16;
  private static final int CONTROL_BYTES = CMSG_HEADER_BYTES + 4 * DESCRIPTORS_MAX;

  /**
   * What was received. The receiver owns the descriptors.
   *
   * @param descriptors close-on-exec
   */
  public record Message(byte[] bytes, List<Integer> descriptors) {}

  private final int fd;
  private final String name;

  private FdSocket(int fd, String name) {
    this.fd = fd;
    this.name = name;
  }

  /** Listens; fails if the path exists. The file stays when the socket is closed. */
  public static FdSocket listen(Path path) throws IOException {
    FdSocket socket = create(path);
    ByteBuffer address = address(path);
    try {
      long start = DirectMemory.addressOf(address);
      socket.checked("bind", SocketNative.bind(socket.fd, start, ADDRESS_BYTES));
    } finally {
      Reference.reachabilityFence(address);
    }
    socket.checked("listen", SocketNative.listen(socket.fd, BACKLOG));
    return socket;
  }

  public static FdSocket connect(Path path) throws IOException {
    FdSocket socket = create(path);
    ByteBuffer address = address(path);
    try {
      long start = DirectMemory.addressOf(address);
      socket.checked("connect", SocketNative.connect(socket.fd, start, ADDRESS_BYTES));
    } finally {
      Reference.reachabilityFence(address);
    }
    return socket;
  }

  private static FdSocket create(Path path) throws IOException {
    int fd = SocketNative.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw new SyscallException("socket", path.toString(), Native.getLastError());
    }
    return new FdSocket(fd, path.toString());
  }

  private static ByteBuffer address(Path path) {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > PATH_BYTES_MAX) {
      throw new IllegalArgumentException(
          "socket path %s has %d bytes, a Unix socket takes %d"
              .formatted(path, bytes.length, PATH_BYTES_MAX));
    }
    ByteBuffer address = direct(ADDRESS_BYTES);
    address.putShort(0, (short) AF_UNIX).put(2, bytes);
    return address;
  }

  private static ByteBuffer direct(int lengthBytes) {
    return ByteBuffer.allocateDirect(lengthBytes).order(ByteOrder.nativeOrder());
  }

  /** Closes the socket when the call failed. */
  private void checked(String call, int result) throws IOException {
    if (result < 0) {
      int errno = Native.getLastError();
      close();
      throw new SyscallException(call, name, errno);
    }
  }

  /** Waits for a connection. The caller closes it. */
  public FdSocket accept() throws IOException {
    while (true) {
      int accepted = SocketNative.accept4(fd, 0, 0, SOCK_CLOEXEC);
      if (accepted >= 0) {
        return new FdSocket(accepted, name);
      }
      int errno = Native.getLastError();
      if (errno != Errno.EINTR) {
        throw new SyscallException("accept", name, errno);
      }
    }
  }

  /** Sends one message; the descriptors stay ours as well. */
  public void send(byte[] bytes, List<Integer> descriptors) throws IOException {
    if (bytes.length > MESSAGE_BYTES_MAX || descriptors.size() > DESCRIPTORS_MAX) {
      throw new IllegalArgumentException(
          "message of %d bytes with %d descriptors is too large"
              .formatted(bytes.length, descriptors.size()));
    }
    Buffers buffers = new Buffers(bytes.length);
    buffers.data.put(0, bytes);
    buffers.putDescriptors(descriptors);
    try {
      sendFrom(buffers);
    } finally {
      Reference.reachabilityFence(buffers);
    }
  }

  private void sendFrom(Buffers buffers) throws IOException {
    while (SocketNative.sendmsg(fd, buffers.address, MSG_NOSIGNAL) < 0) {
      int errno = Native.getLastError();
      if (errno != Errno.EINTR) {
        throw new SyscallException("sendmsg", name, errno);
      }
    }
  }

  /**
   * Waits for one message.
   *
   * @return null at the end of the connection
   */
  public Message receive() throws IOException {
    Buffers buffers = new Buffers(MESSAGE_BYTES_MAX);
    buffers.header.putLong(MSG_CONTROLLEN, CONTROL_BYTES);
    long count;
    try {
      count = receiveInto(buffers);
    } finally {
      Reference.reachabilityFence(buffers);
    }
    List<Integer> descriptors = buffers.descriptors();
    if ((buffers.header.getInt(MSG_FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
      descriptors.forEach(descriptor -> LibC.close(descriptor));
      throw new IOException("message on " + name + " is longer than allowed");
    }
    if (count == 0) {
      return null;
    }
    byte[] bytes = new byte[(int) count];
    buffers.data.get(0, bytes);
    return new Message(bytes, descriptors);
  }

  private long receiveInto(Buffers buffers) throws IOException {
    while (true) {
      long count = SocketNative.recvmsg(fd, buffers.address, MSG_CMSG_CLOEXEC);
      if (count >= 0) {
        return count;
      }
      int errno = Native.getLastError();
      if (errno != Errno.EINTR) {
        throw new SyscallException("recvmsg", name, errno);
      }
    }
  }

  /** A descriptor that was received and is not wanted. */
  public static void closeDescriptor(int descriptor) {
    var _ = LibC.close(descriptor);
  }

  /** Ends the connection for both sides; a blocked {@link #receive} or {@link #accept} returns. */
  public void shutdown() {
    var _ = SocketNative.shutdown(fd, SHUT_RDWR);
  }

  @Override
  public void close() {
    var _ = LibC.close(fd);
  }

  /** The structures of one sendmsg or recvmsg. */
  private static final class Buffers {
    final ByteBuffer header = direct(MSG_BYTES);
    final ByteBuffer vector = direct(16);
    final ByteBuffer control = direct(CONTROL_BYTES);
    final ByteBuffer data;
    final long address = DirectMemory.addressOf(header);

    Buffers(int dataBytes) {
      data = direct(Math.max(dataBytes, 1));
      vector.putLong(0, DirectMemory.addressOf(data)).putLong(8, dataBytes);
      header.putLong(MSG_IOV, DirectMemory.addressOf(vector)).putLong(MSG_IOVLEN, 1);
      header.putLong(MSG_CONTROL, DirectMemory.addressOf(control)).putLong(MSG_CONTROLLEN, 0);
    }

    void putDescriptors(List<Integer> descriptors) {
      if (descriptors.isEmpty()) {
        header.putLong(MSG_CONTROL, 0);
        return;
      }
      int lengthBytes = CMSG_HEADER_BYTES + 4 * descriptors.size();
      control.putLong(0, lengthBytes).putInt(8, SOL_SOCKET).putInt(12, SCM_RIGHTS);
      for (int i = 0; i < descriptors.size(); i++) {
        control.putInt(CMSG_HEADER_BYTES + 4 * i, descriptors.get(i));
      }
      header.putLong(MSG_CONTROLLEN, lengthBytes);
    }

    List<Integer> descriptors() {
      List<Integer> found = new ArrayList<>();
      long controlBytes = header.getLong(MSG_CONTROLLEN);
      if (controlBytes >= CMSG_HEADER_BYTES && control.getInt(12) == SCM_RIGHTS) {
        long endBytes = Math.min(control.getLong(0), controlBytes);
        for (int at = CMSG_HEADER_BYTES; at + 4 <= endBytes; at += 4) {
          found.add(control.getInt(at));
        }
      }
      return found;
    }
  }
}
