package io.ashlar.sys;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A queue of Linux AIO (io_submit(2)) on descriptors opened with O_DIRECT: transfers are handed
 * over many at a time without waiting for any, and an eventfd tells when some are done. One
 * thread's own.
 *
 * <p>Each transfer is asked for with RWF_NOWAIT (preadv2(2)): where it would have to wait before it
 * is under way (for the file system's journal, for a place in the device's queue) it comes back
 * with EAGAIN, so that the calling thread never does. The process does not end before the transfers
 * that were handed over have: the kernel waits for them as for those of a blocking call.
 *
 * <pre>
 * struct iocb, 64 bytes: 0 data, 12 rw_flags, 16 opcode (u16), 20 fd, 24 address, 32 length, 40 offset, 56 flags,
 *                        60 eventfd; the rest is zero
 * struct io_event, 32 bytes: 0 data, 16 result
 * </pre>
 */
public final class AsyncIo implements AutoCloseable {
  /** Transfers that may be under way at once. */
  public static final int DEPTH = 256;

  /** Transfers handed over, and results fetched, by one call at most. */
  public static final int AT_ONCE = 64;

  private static final int IOCB_BYTES = 64;
  private static final int EVENT_BYTES = 32;
  private static final int PREAD = 0;
  private static final int PWRITE = 1;
  private static final int RWF_NOWAIT = 8;
  private static final int TELL_EVENTFD = 1;
  private static final int EVENTFD_CLOEXEC_NONBLOCK = 0x80000 | 0x800;

  /** Numbers of the system calls, which differ between architectures. */
  private record Calls(long setup, long destroy, long getEvents, long submit) {
    static Optional<Calls> here() {
      return switch (System.getProperty("os.arch")) {
        case "amd64" -> Optional.of(new Calls(206, 207, 208, 209));
        case "aarch64" -> Optional.of(new Calls(0, 1, 4, 2));
        default -> Optional.empty();
      };
    }
  }

  private final Calls calls;
  private final long context;
  private final int eventFd;
  private final ByteBuffer blocks = memory(AT_ONCE * IOCB_BYTES);
  private final ByteBuffer pointers = memory(AT_ONCE * Long.BYTES);
  private final ByteBuffer events = memory(AT_ONCE * EVENT_BYTES);
  private final ByteBuffer noTime = memory(2 * Long.BYTES);
  private final long pointersAddress = DirectMemory.addressOf(pointers);
  private final long eventsAddress = DirectMemory.addressOf(events);
  private final long noTimeAddress = DirectMemory.addressOf(noTime);
  private int prepared;

  private AsyncIo(Calls calls, long context, int eventFd) {
    this.calls = calls;
    this.context = context;
    this.eventFd = eventFd;
    long address = DirectMemory.addressOf(blocks);
    for (int i = 0; i < AT_ONCE; i++) {
      pointers.putLong(i * Long.BYTES, address + (long) i * IOCB_BYTES);
    }
  }

  private static ByteBuffer memory(int lengthBytes) {
    return ByteBuffer.allocateDirect(lengthBytes).order(ByteOrder.nativeOrder());
  }

  /** Makes a queue; empty if this kernel, or what it allows this process, has none. */
  public static Optional<AsyncIo> open() {
    Optional<Calls> calls = Calls.here();
    if (calls.isEmpty()) {
      return Optional.empty();
    }
    ByteBuffer context = memory(Long.BYTES);
    long made =
        AioNative.syscall(calls.get().setup, DEPTH, DirectMemory.addressOf(context), 0, 0, 0);
    if (made != 0) {
      return Optional.empty();
    }
    int eventFd = AioNative.eventfd(0, EVENTFD_CLOEXEC_NONBLOCK);
    if (eventFd < 0) {
      AioNative.syscall(calls.get().destroy, context.getLong(0), 0, 0, 0, 0);
      return Optional.empty();
    }
    return Optional.of(new AsyncIo(calls.get(), context.getLong(0), eventFd));
  }

  /** Becomes readable, again and again, when transfers are done; nobody needs to read it. */
  public int eventFd() {
    return eventFd;
  }

  /** Whether {@link #submit} has to be called before the next transfer can be prepared. */
  public boolean isFull() {
    return prepared == AT_ONCE;
  }

  /**
   * Prepares a transfer of all that remains in the buffer, which has to stay where it is until the
   * transfer is done.
   *
   * @param data told with the result
   */
  public void prepare(boolean write, int fd, ByteBuffer buffer, long offset, long data) {
    int at = prepared++ * IOCB_BYTES;
    blocks.putLong(at, data);
    blocks.putInt(at + 12, RWF_NOWAIT);
    blocks.putInt(at + 16, write ? PWRITE : PREAD);
    blocks.putInt(at + 20, fd);
    blocks.putLong(at + 24, DirectMemory.addressOf(buffer) + buffer.position());
    blocks.putLong(at + 32, buffer.remaining());
    blocks.putLong(at + 40, offset);
    blocks.putInt(at + 56, TELL_EVENTFD);
    blocks.putInt(at + 60, eventFd);
  }

  /** What the transfer {@code index} of those prepared was prepared with. */
  public long preparedData(int index) {
    return blocks.getLong(index * IOCB_BYTES);
  }

  /**
   * Hands over what was prepared, from {@code from} on. Returns how many of these were taken: the
   * first that was not is refused as it is, those behind it are to be handed over again.
   */
  public int submit(int from) {
    while (true) {
      long taken =
          AioNative.syscall(
              calls.submit, context, prepared - from, pointersAddress + from * 8L, 0, 0);
      int errno = Native.getLastError();
      if (taken >= 0 || errno != Errno.EINTR) {
        return (int) Math.max(taken, 0);
      }
    }
  }

  public int prepared() {
    return prepared;
  }

  /** Everything prepared was dealt with. */
  public void clear() {
    prepared = 0;
  }

  /** Fetches results without waiting; returns their number. */
  public int fetch() {
    while (true) {
      long count =
          AioNative.syscall(calls.getEvents, context, 0, AT_ONCE, eventsAddress, noTimeAddress);
      int errno = Native.getLastError();
      if (count >= 0 || errno != Errno.EINTR) {
        return (int) Math.max(count, 0);
      }
    }
  }

  public long data(int index) {
    return events.getLong(index * EVENT_BYTES);
  }

  /** Bytes moved, or an errno with a minus. */
  public long result(int index) {
    return events.getLong(index * EVENT_BYTES + 16);
  }

  /** Waits for what is under way; its results are lost. */
  @Override
  public void close() {
    AioNative.syscall(calls.destroy, context, 0, 0, 0, 0);
    LibC.close(eventFd);
  }
}
