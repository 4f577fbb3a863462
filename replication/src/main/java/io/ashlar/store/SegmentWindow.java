package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Pages of a segment, read ahead in large pieces; blocking, for opening a disk. */
final class SegmentWindow implements AutoCloseable {
  private static final int WINDOW_PAGES = 1024;

  private final Disk disk;
  private final Segments segments;
  private final PayloadPool pool;
  private Payload buffer;
  private int windowPages;
  private int segment = -1;
  private int firstPage;
  private int pages;

  SegmentWindow(Disk disk, PayloadPool pool, Segments segments) {
    this.disk = disk;
    this.segments = segments;
    this.pool = pool;
    windowPages = Math.min(WINDOW_PAGES, segments.segmentPages());
    buffer = pool.lease(windowPages * PAGE_BYTES);
  }

  /**
   * The pages as a little-endian view, valid until the next call. The count is within one batch or
   * summary of bounded size; null if the segment ends before.
   */
  ByteBuffer at(int wantedSegment, int page, int count) throws IOException {
    if (page + count > segments.segmentPages() || count > windowPages) {
      return null;
    }
    if (wantedSegment != segment || page < firstPage || page + count > firstPage + pages) {
      fill(wantedSegment, page);
    }
    ByteBuffer view = buffer.view((page - firstPage) * PAGE_BYTES, count * PAGE_BYTES);
    return Format.littleEndian(view);
  }

  /** One or a few pages without reading ahead. */
  ByteBuffer exactly(int wantedSegment, int page, int count) throws IOException {
    if (count > windowPages) {
      buffer.release();
      windowPages = count;
      buffer = pool.lease(count * PAGE_BYTES);
    }
    segment = wantedSegment;
    firstPage = page;
    pages = count;
    ByteBuffer view = buffer.view(0, count * PAGE_BYTES);
    disk.readNow(segments.offsetBytes(wantedSegment, page), view);
    return Format.littleEndian(buffer.view(0, count * PAGE_BYTES));
  }

  private void fill(int wantedSegment, int page) throws IOException {
    exactly(wantedSegment, page, Math.min(windowPages, segments.segmentPages() - page));
  }

  @Override
  public void close() {
    buffer.release();
  }
}
