package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.nio.ByteBuffer;
import java.util.List;

/** Reads what a closed segment holds, from its summary. Loop thread only. */
final class SummaryReader {
  /** Told once, unless the reader is stopped before. */
  interface Done {
    /** Null if there is no good summary: the next opening of the disk makes a new one. */
    void done(List<PlacedEntry> entries);
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private final long diskId;
  private boolean stopped;

  SummaryReader(Disk disk, PayloadPool pool, Segments segments, long diskId) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.diskId = diskId;
  }

  void stop() {
    stopped = true;
  }

  void read(int segment, Done done) {
    readPages(segment, 1, page -> readWhole(segment, page, done));
  }

  private void readWhole(int segment, ByteBuffer lastPage, Done done) {
    SegmentSummary.Header header =
        lastPage == null ? null : SegmentSummary.header(lastPage, diskId, segments.segmentPages());
    if (header == null || header.sequence() != segments.sequence(segment)) {
      done.done(null);
      return;
    }
    readPages(
        segment,
        header.pages(),
        pages -> {
          List<LogEntry> found = pages == null ? null : SegmentSummary.decode(pages, header);
          done.done(found == null ? null : PlacedEntry.place(found));
        });
  }

  private interface PagesRead {
    /** The pages during the call; null if they cannot be read. */
    void done(ByteBuffer pages);
  }

  private void readPages(int segment, int lastPages, PagesRead then) {
    Payload buffer = pool.lease(lastPages * PAGE_BYTES);
    disk.read(
        segments.offsetBytes(segment, segments.segmentPages() - lastPages),
        buffer.view(),
        errno -> {
          if (!stopped) {
            then.done(errno == 0 ? buffer.view() : null);
          }
          buffer.release();
        });
  }
}
