package io.ashlar.node.disk;

import io.ashlar.env.Roster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The roster as a small file ({@link RosterText}) in the node's state directory, which nobody else
 * changes while the directory is locked.
 */
public final class RosterFile implements Roster, AutoCloseable {
  private static final long CLOSE_SECONDS = 10;

  private final Path file;
  private final Optional<Known> known;
  private final Executor loop;

  /** One thread: what is kept later is written later. */
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("roster").daemon().factory());

  private RosterFile(Path file, Optional<Known> known, Executor loop) {
    this.file = file;
    this.known = known;
    this.loop = loop;
  }

  /**
   * Reads the file, if there is one. Blocking.
   *
   * @param loop of the store, for {@link #keep}
   * @throws RosterDamagedException if it is not what was written
   * @throws IOException if it cannot be read
   */
  public static RosterFile open(Path file, Executor loop) throws IOException {
    return new RosterFile(file, read(file), loop);
  }

  private static Optional<Known> read(Path file) throws IOException {
    try {
      return Optional.of(RosterText.read(Files.readAllBytes(file), file));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<Known> known() {
    return known;
  }

  @Override
  public void keepNow(Known next) throws IOException {
    SmallFile.replace(file, RosterText.write(next));
  }

  /**
   * A failure is thrown on the loop, which ends the process: what is written without a disk must
   * not count as long as the file names that disk.
   */
  @Override
  public void keep(Known next, Runnable done) {
    writer.execute(
        () -> {
          Runnable then = done;
          try {
            keepNow(next);
          } catch (IOException | RuntimeException failed) {
            then =
                () -> {
                  throw new IllegalStateException(
                      "cannot keep in " + file + " which disks are in use", failed);
                };
          }
          loop.execute(then);
        });
  }

  /** Waits for what is being written; its {@code done} may still come. */
  @Override
  public void close() {
    writer.shutdown();
    try {
      var _ = writer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
