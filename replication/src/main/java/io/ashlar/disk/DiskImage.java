package io.ashlar.disk;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.DiskInspection;
import io.ashlar.store.StoreFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** A disk or a file with one, opened for looking only: not locked, and never written to. */
public final class DiskImage implements Disk {
  private static final int ALIGNMENT_BYTES = 4096;

  private final Path path;
  private final FileChannel file;
  private final long sizeBytes;

  private DiskImage(Path path, FileChannel file) throws IOException {
    this.path = path;
    this.file = file;
    this.sizeBytes = file.size();
  }

  /**
   * Tells what the disk holds; {@link DiskInspection}.
   *
   * @return whether everything that lives is whole
   */
  public static boolean inspect(Path path, PayloadPool pool, boolean data, Consumer<String> out)
      throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      return DiskInspection.inspect(new DiskImage(path, file), pool, data, out);
    }
  }

  /** Whether the disk is one of this cluster, node and pool, as far as can be read. */
  static boolean serves(Path path, PayloadPool pool, DiskIdentity wanted) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      return StoreFormat.identify(new DiskImage(path, file), pool)
          .filter(found -> found.serves(wanted))
          .isPresent();
    } catch (IOException unreadable) {
      return false;
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
  public void readNow(long offsetBytes, ByteBuffer into) throws IOException {
    long at = offsetBytes;
    while (into.hasRemaining()) {
      int count = file.read(into, at);
      if (count < 0) {
        throw new IOException(path + " ends at " + at);
      }
      at += count;
    }
  }

  @Override
  public void writeNow(long offsetBytes, ByteBuffer from) throws IOException {
    throw notForWriting();
  }

  @Override
  public void syncNow() throws IOException {
    throw notForWriting();
  }

  private IOException notForWriting() {
    return new IOException(path + " is only looked at");
  }

  @Override
  public void read(long offsetBytes, ByteBuffer into, Callback done) {
    throw new UnsupportedOperationException("only looked at");
  }

  @Override
  public void write(long offsetBytes, ByteBuffer from, Callback done) {
    throw new UnsupportedOperationException("only looked at");
  }

  @Override
  public void sync(Callback done) {
    throw new UnsupportedOperationException("only looked at");
  }

  @Override
  public void discard(long offsetBytes, long lengthBytes) {
    throw new UnsupportedOperationException("only looked at");
  }

  @Override
  public void close() {}
}
