package io.ashlar.node;

import io.ashlar.env.Rng;
import io.ashlar.node.disk.SmallFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The daemon's folder. Its lock, held for as long as the process lives, proves that an older
 * process of this node is gone; its random id is how others know that it is the same node's state.
 */
final class StateDir implements AutoCloseable {
  private static final long LOCK_RETRY_MILLIS = 50;
  private static final int LOCK_TRIES = 600;

  private final Path path;
  private final FileChannel channel;
  private final FileLock lock;
  private final long id;

  private StateDir(Path path, FileChannel channel, FileLock lock, long id) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
    this.id = id;
  }

  /**
   * Makes the folder if there is none, and locks it; waits for an older process to end.
   *
   * @throws IOException if it stays locked for 30 s or cannot be written
   */
  static StateDir open(Path path, Rng rng) throws IOException {
    Files.createDirectories(path);
    FileChannel channel =
        FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = lock(channel, path);
    return new StateDir(path, channel, lock, idOf(path.resolve("id"), rng));
  }

  private static FileLock lock(FileChannel channel, Path path) throws IOException {
    for (int i = 0; i < LOCK_TRIES; i++) {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return lock;
      }
      try {
        Thread.sleep(LOCK_RETRY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    channel.close();
    throw new IOException(path + " is locked by another node daemon: end that one first");
  }

  private static long idOf(Path file, Rng rng) throws IOException {
    if (!Files.exists(file)) {
      long made = rng.nextLong() | 1;
      SmallFile.replace(file, "%016x".formatted(made).getBytes(StandardCharsets.US_ASCII));
    }
    return Long.parseUnsignedLong(Files.readString(file).strip(), 16);
  }

  long id() {
    return id;
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    lock.release();
    channel.close();
  }
}
