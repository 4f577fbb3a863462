package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Where one stream of the log ends: its open segment, and what was written there. A full one is
 * closed with a summary, and the stream goes on in the next. Loop thread only.
 */
final class LogEnd {
  private static final byte[] ZEROS = new byte[PAGE_BYTES];

  /** What all streams of a disk share. */
  record Shared(
      Disk disk,
      PayloadPool pool,
      Segments segments,
      SyncGate gate,
      LogSequence sequence,
      long diskId,
      long generation) {}

  /** What a stream's end tells of. */
  interface Host {
    /** Free segments are fewer now, or one is closed and may be collected. */
    void spaceChanged();

    void ioFailed(String operation, int errno);
  }

  private final Shared shared;
  private final Host host;

  private final List<LogEntry> entries = new ArrayList<>();
  private int segment = -1;
  private int page;
  private int durablePage;
  private boolean stopped;

  LogEnd(Shared shared, Host host) {
    this.shared = shared;
    this.host = host;
  }

  void stop() {
    stopped = true;
  }

  int segment() {
    return segment;
  }

  int page() {
    return page;
  }

  /** Position of what is applied in this stream, to be given back when it is durable. */
  long mark() {
    return segment < 0 ? 0 : shared.segments.sequence(segment) << Integer.SIZE | page;
  }

  void durable(long mark) {
    if (segment >= 0 && mark >>> Integer.SIZE == shared.segments.sequence(segment)) {
      durablePage = Math.max(durablePage, (int) mark);
    }
  }

  /**
   * Sees to it that a batch of this size can be written at the end.
   *
   * @param floor free segments that are left to others
   * @return false if that needs a segment that this stream may not open now
   */
  boolean makeRoom(int entryCount, int payloadPages, int floor) {
    if (segment >= 0 && !fits(entryCount, payloadPages)) {
      close();
    }
    if (segment < 0) {
      if (shared.segments.freeCount() <= floor) {
        return false;
      }
      segment = shared.segments.open(shared.sequence.nextSegment());
      page = 0;
      durablePage = 0;
      entries.clear();
      host.spaceChanged();
    }
    return true;
  }

  /** Whether a batch of this many entries and payload pages leaves room for the summary. */
  boolean fits(int entryCount, int payloadPages) {
    return fits(entryCount, 0, payloadPages);
  }

  boolean fits(int entryCount, int packedBytes, int payloadPages) {
    int summary = SegmentSummary.pagesFor(entries.size() + entryCount + 1);
    return page + BatchLayout.frontPages(entryCount, packedBytes) + payloadPages + summary
        <= shared.segments.segmentPages();
  }

  /**
   * Page in the segment of the first payload page of a batch of nodes that would be written now.
   */
  int firstPayloadPage(int entryCount) {
    return page + Format.pagesFor(entryCount);
  }

  /**
   * A buffer for a batch with its header and entries in place; the payload pages are the caller's
   * to fill, and so is what is packed behind the entries.
   */
  Payload header(List<LogEntry> batch, int packedBytes, int payloadPages, long lsn) {
    int headerPages = BatchLayout.frontPages(batch.size(), packedBytes);
    BatchHeader header =
        new BatchHeader(
            headerPages,
            batch.size(),
            payloadPages,
            shared.diskId,
            shared.segments.sequence(segment),
            page,
            durablePage,
            shared.generation,
            lsn,
            packedBytes);
    Payload buffer = shared.pool.lease(header.pages() * PAGE_BYTES);
    ByteBuffer into = Format.littleEndian(buffer.view());
    for (int i = 0; i < headerPages; i++) {
      into.put(i * PAGE_BYTES, ZEROS);
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).encode(into, BatchHeader.entryOffset(i));
    }
    header.encode(into);
    return buffer;
  }

  /** Writes the batch at the end; {@link #applied} is to be called before the next one. */
  void write(Payload buffer, Disk.Callback done) {
    shared.disk.write(shared.segments.offsetBytes(segment, page), buffer.view(), done);
  }

  /** The batch is in the log. */
  void applied(List<LogEntry> batch, int packedBytes, int payloadPages, long lsn) {
    int headerPages = BatchLayout.frontPages(batch.size(), packedBytes);
    entries.add(LogEntry.batch(page, headerPages, lsn));
    entries.addAll(batch);
    page += headerPages + payloadPages;
  }

  /**
   * The summary is trusted without looking at what it lists, so that must be durable before the
   * summary is written. The stream goes on in the next segment meanwhile.
   */
  private void close() {
    int closing = segment;
    int endPage = page;
    List<LogEntry> listed = List.copyOf(entries);
    shared.segments.closing(closing);
    segment = -1;
    shared.gate.request(
        failed -> {
          if (!failed && !stopped) {
            writeSummary(closing, endPage, listed);
          }
        });
  }

  private void writeSummary(int closing, int endPage, List<LogEntry> listed) {
    int pages = SegmentSummary.pagesFor(listed.size());
    Payload buffer = shared.pool.lease(pages * PAGE_BYTES);
    ByteBuffer into = buffer.view();
    into.put(0, new byte[pages * PAGE_BYTES]);
    SegmentSummary.Filling filling =
        new SegmentSummary.Filling(shared.segments.sequence(closing), shared.generation);
    SegmentSummary.encode(into, shared.diskId, filling, endPage, listed);
    long offset = shared.segments.offsetBytes(closing, shared.segments.segmentPages() - pages);
    shared.disk.write(
        offset,
        into,
        errno -> {
          buffer.release();
          if (errno != 0) {
            host.ioFailed("write", errno);
          } else if (!stopped) {
            shared.segments.close(closing, shared.sequence.lsn());
            host.spaceChanged();
          }
        });
  }
}
