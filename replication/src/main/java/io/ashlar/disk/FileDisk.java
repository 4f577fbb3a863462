package io.ashlar.disk;

import static io.ashlar.model.Invariants.check;
import static io.ashlar.sys.FileDescriptorIo.O_CLOEXEC;
import static io.ashlar.sys.FileDescriptorIo.O_CREAT;
import static io.ashlar.sys.FileDescriptorIo.O_DIRECT;
import static io.ashlar.sys.FileDescriptorIo.O_EXCL;
import static io.ashlar.sys.FileDescriptorIo.O_RDONLY;
import static io.ashlar.sys.FileDescriptorIo.O_RDWR;

import io.ashlar.env.Disk;
import io.ashlar.env.Readiness;
import io.ashlar.sys.Errno;
import io.ashlar.sys.FileDescriptorIo;
import io.ashlar.sys.SyscallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A raw device or a preallocated file, opened with O_DIRECT and locked. Reads and writes go to the
 * kernel's queue ({@link AsyncTransfers}) where there is one; what has to wait, and syncs, are done
 * by a few platform threads; completions are run by the loop's executor. Where the file system
 * knows no O_DIRECT (tmpfs) it does without, and says so.
 *
 * <p>The lock (flock(2)) belongs to the open file and so ends with the process, when its last write
 * is over: whoever gets it sees a disk on which nobody else writes.
 */
public final class FileDisk implements Disk {
  /** Enough for a queue of small requests; more only adds switches. */
  public static final int THREADS_DEFAULT = 4;

  private static final Logger LOG = LoggerFactory.getLogger(FileDisk.class);
  private static final int ALIGNMENT_BYTES = 4096;
  private static final int S_IFMT = 0170000;
  private static final int S_IFBLK = 0060000;
  private static final Runnable END = () -> {};

  private record Opened(int fd, boolean direct) {}

  private final Path path;
  private final int fd;
  private final boolean device;
  private final long sizeBytes;
  private final Executor loop;
  private final Readiness readiness;
  private final boolean direct;
  private final LinkedBlockingQueue<Runnable> calls = new LinkedBlockingQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private Optional<AsyncTransfers> transfers = Optional.empty();
  private boolean transfersTried;
  private volatile boolean closed;

  private FileDisk(
      Path path,
      Opened opened,
      boolean device,
      long sizeBytes,
      int threads,
      Executor loop,
      Readiness readiness) {
    this.path = path;
    this.fd = opened.fd;
    this.direct = opened.direct;
    this.device = device;
    this.sizeBytes = sizeBytes;
    this.loop = loop;
    this.readiness = readiness;
    for (int i = 0; i < threads; i++) {
      Thread thread = new Thread(this::work, "disk-" + path.getFileName() + "-" + i);
      thread.setDaemon(true);
      this.threads.add(thread);
      thread.start();
    }
  }

  /**
   * Makes a file of this size, all of it allocated, unless there is one already. Blocking.
   *
   * @throws IOException if there is no room, or the file system cannot allocate ahead
   */
  public static void createFile(Path path, long sizeBytes) throws IOException {
    if (Files.exists(path)) {
      return;
    }
    Path partial = path.resolveSibling(path.getFileName() + ".partial");
    Files.deleteIfExists(partial);
    int fd = FileDescriptorIo.open(partial.toString(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    try {
      FileDescriptorIo.allocate(fd, sizeBytes, partial.toString());
      FileDescriptorIo.fsync(fd, partial.toString());
    } catch (SyscallException e) {
      Files.deleteIfExists(partial);
      throw e;
    } finally {
      FileDescriptorIo.close(fd);
    }
    Files.move(partial, path);
    syncFolder(path);
  }

  private static void syncFolder(Path path) throws SyscallException {
    String folder = path.toAbsolutePath().getParent().toString();
    int fd = FileDescriptorIo.open(folder, O_RDONLY | O_CLOEXEC, 0);
    try {
      FileDescriptorIo.fsync(fd, folder);
    } finally {
      FileDescriptorIo.close(fd);
    }
  }

  /**
   * Opens and locks a file or device. Blocking.
   *
   * @param loop runs the completions, one after the other
   * @param readiness the same loop
   * @throws DiskInUseException if somebody else holds it
   * @throws DiskRefusedException if it is something else, which is not opened: that may do
   *     something
   * @throws IOException if it cannot be opened
   */
  public static FileDisk open(Path path, int threads, Executor loop, Readiness readiness)
      throws IOException {
    boolean device = isDevice(path);
    Opened opened = openDirect(path, device);
    int fd = opened.fd;
    try {
      if (!FileDescriptorIo.tryLock(fd, path.toString())) {
        throw new DiskInUseException(path + " is in use by another process");
      }
      long sizeBytes =
          device
              ? FileDescriptorIo.deviceSize(fd, path.toString())
              : FileDescriptorIo.fileSize(fd, path.toString());
      return new FileDisk(path, opened, device, sizeBytes, threads, loop, readiness);
    } catch (IOException e) {
      FileDescriptorIo.close(fd);
      throw e;
    }
  }

  private static boolean isDevice(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return false;
    }
    if (!Files.exists(path)) {
      return true; // opening it gives the reason
    }
    int type = (int) Files.getAttribute(path, "unix:mode") & S_IFMT;
    if (type != S_IFBLK) {
      throw new DiskRefusedException(path, "it is neither a file nor a block device");
    }
    return true;
  }

  /** O_EXCL on a device makes the kernel refuse one that is mounted or part of something else. */
  private static Opened openDirect(Path path, boolean device) throws IOException {
    int flags = O_RDWR | O_CLOEXEC | (device ? O_EXCL : 0);
    try {
      return new Opened(FileDescriptorIo.open(path.toString(), flags | O_DIRECT, 0), true);
    } catch (SyscallException e) {
      if (device && e.errno() == Errno.EBUSY) {
        throw new DiskInUseException(e);
      }
      if (device || e.errno() != Errno.EINVAL) {
        throw e;
      }
      LOG.warn("path={} the file system has no O_DIRECT; data goes through its cache", path);
      return new Opened(FileDescriptorIo.open(path.toString(), flags, 0), false);
    }
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int alignment() {
    return ALIGNMENT_BYTES;
  }

  @Override
  public void read(long offsetBytes, ByteBuffer into, Callback done) {
    transfer(false, offsetBytes, into, done);
  }

  @Override
  public void write(long offsetBytes, ByteBuffer from, Callback done) {
    transfer(true, offsetBytes, from, done);
  }

  private void transfer(boolean write, long offset, ByteBuffer buffer, Callback done) {
    checkAligned(offset, buffer);
    check(!closed, "%s is closed", path);
    if (transfers().isPresent()) {
      transfers().get().transfer(write, offset, buffer, done);
    } else {
      transferWaiting(write, offset, buffer, done);
    }
  }

  /** Made by the first transfer, as that is on the loop's thread. */
  private Optional<AsyncTransfers> transfers() {
    if (!transfersTried) {
      transfersTried = true;
      if (direct) {
        transfers = AsyncTransfers.open(fd, loop, readiness, this::transferWaiting);
      }
      LOG.info("event=disk path={} direct={} async={}", path, direct, transfers.isPresent());
    }
    return transfers;
  }

  private void transferWaiting(boolean write, long offset, ByteBuffer buffer, Callback done) {
    submit(
        () -> {
          int errno =
              write
                  ? FileDescriptorIo.write(fd, buffer, offset)
                  : FileDescriptorIo.read(fd, buffer, offset);
          complete(errno, done);
        });
  }

  @Override
  public void sync(Callback done) {
    submit(() -> complete(FileDescriptorIo.fdatasync(fd), done));
  }

  @Override
  public void readNow(long offsetBytes, ByteBuffer into) throws IOException {
    checkAligned(offsetBytes, into);
    refuse("read", FileDescriptorIo.read(fd, into, offsetBytes));
  }

  @Override
  public Reading beginNow(long[] offsetsBytes, ByteBuffer[] into) {
    int[] outcomes = new int[into.length];
    CountDownLatch outstanding = new CountDownLatch(into.length);
    for (int i = 0; i < into.length; i++) {
      int index = i;
      checkAligned(offsetsBytes[i], into[i]);
      submit(
          () -> {
            outcomes[index] = FileDescriptorIo.read(fd, into[index], offsetsBytes[index]);
            outstanding.countDown();
          });
    }
    return () -> {
      try {
        outstanding.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts who opens " + path, e);
      }
      return outcomes;
    };
  }

  @Override
  public void writeNow(long offsetBytes, ByteBuffer from) throws IOException {
    checkAligned(offsetBytes, from);
    refuse("write", FileDescriptorIo.write(fd, from, offsetBytes));
  }

  @Override
  public void syncNow() throws IOException {
    refuse("sync", FileDescriptorIo.fdatasync(fd));
  }

  /** Devices only: a file stays allocated, so that a write never fails for the host's space. */
  @Override
  public void discard(long offsetBytes, long lengthBytes) {
    if (device) {
      submit(() -> FileDescriptorIo.discardDevice(fd, offsetBytes, lengthBytes));
    }
  }

  /** Waits for the calls that were made; their completions are not run any more. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    transfers.ifPresent(AsyncTransfers::close);
    threads.forEach(ignored -> calls.add(END));
    boolean interrupted = false;
    for (Thread thread : threads) {
      interrupted |= joinedInterrupted(thread);
    }
    FileDescriptorIo.close(fd);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean joinedInterrupted(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  private void submit(Runnable call) {
    check(!closed, "%s is closed", path);
    calls.add(call);
  }

  private void complete(int errno, Callback done) {
    loop.execute(
        () -> {
          if (!closed) {
            done.done(errno);
          }
        });
  }

  private void work() {
    try {
      for (Runnable call = calls.take(); !call.equals(END); call = calls.take()) {
        call.run();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the threads of " + path, e);
    }
  }

  private void refuse(String operation, int errno) throws IOException {
    if (errno != 0) {
      throw new IOException(operation + " " + path + ": errno " + errno);
    }
  }

  private void checkAligned(long offsetBytes, ByteBuffer buffer) {
    check(
        offsetBytes % ALIGNMENT_BYTES == 0
            && buffer.remaining() % ALIGNMENT_BYTES == 0
            && offsetBytes + buffer.remaining() <= sizeBytes
            && buffer.isDirect(),
        "transfer of %s bytes at %s on %s",
        buffer.remaining(),
        offsetBytes,
        path);
  }
}
