package io.ashlar.env;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A data disk: a raw device, or a preallocated file opened with O_DIRECT.
 *
 * <p>Offsets, lengths and buffer addresses are multiples of {@link #alignment()}. The asynchronous
 * calls are made and completed on the loop thread, never inside the call; the buffer belongs to the
 * disk until completion. Several may be in flight and complete in any order. Short transfers and
 * EINTR are handled inside. What is written survives power loss only after a {@link #sync} that
 * began after the write completed; until then each sector may be old, new or torn.
 */
public interface Disk extends AutoCloseable {
  /** Outcome of an operation; 0 is success, else an errno of open(2), pread(2) or fdatasync(2). */
  interface Callback {
    void done(int errno);
  }

  /** Of errno(3). */
  int EIO = 5;

  long sizeBytes();

  int alignment();

  void read(long offsetBytes, ByteBuffer into, Callback done);

  void write(long offsetBytes, ByteBuffer from, Callback done);

  /**
   * fdatasync(2). A failure is final for this disk: nothing is retried as if it had not happened.
   */
  void sync(Callback done);

  /** Blocking forms for opening a disk, before anything is served from it. */
  void readNow(long offsetBytes, ByteBuffer into) throws IOException;

  /** Reads that are under way. */
  interface Reading {
    /** Waits for them; the outcome of each, as in {@link Callback}. */
    int[] await();
  }

  /** Begins several reads, at once as far as the disk can, for opening it. */
  default Reading beginNow(long[] offsetsBytes, ByteBuffer[] into) {
    int[] outcomes = new int[into.length];
    for (int i = 0; i < into.length; i++) {
      try {
        readNow(offsetsBytes[i], into[i]);
      } catch (IOException unreadable) {
        outcomes[i] = EIO;
      }
    }
    return () -> outcomes;
  }

  void writeNow(long offsetBytes, ByteBuffer from) throws IOException;

  void syncNow() throws IOException;

  /**
   * Tells the device that a range is not needed any more; best effort (fallocate punch hole,
   * BLKDISCARD).
   */
  void discard(long offsetBytes, long lengthBytes);

  @Override
  void close();
}
