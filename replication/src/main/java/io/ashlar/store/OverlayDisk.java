package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.env.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * A disk that keeps what is written in memory, so that looking at it the way an engine does leaves
 * it as it is. Blocking calls only; one thread.
 */
final class OverlayDisk implements Disk {
  private final Disk below;
  private final Map<Long, byte[]> written = new HashMap<>();

  /** The disk below stays the caller's. */
  OverlayDisk(Disk below) {
    this.below = below;
  }

  @Override
  public long sizeBytes() {
    return below.sizeBytes();
  }

  @Override
  public int alignment() {
    return below.alignment();
  }

  @Override
  public void readNow(long offsetBytes, ByteBuffer into) throws IOException {
    int start = into.position();
    int length = into.remaining();
    below.readNow(offsetBytes, into.duplicate());
    for (int at = 0; at < length; at += PAGE_BYTES) {
      byte[] page = written.get(offsetBytes + at);
      if (page != null) {
        into.put(start + at, page);
      }
    }
  }

  @Override
  public void writeNow(long offsetBytes, ByteBuffer from) {
    for (int at = 0; at < from.remaining(); at += PAGE_BYTES) {
      byte[] page = new byte[PAGE_BYTES];
      from.get(from.position() + at, page);
      written.put(offsetBytes + at, page);
    }
  }

  @Override
  public void syncNow() {}

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
  public void discard(long offsetBytes, long lengthBytes) {}

  @Override
  public void close() {}
}
