package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a segment that was not closed, batch by batch, up to the first one that is not whole.
 *
 * <p>What is not whole is either torn (it was in flight, or not synced, when the process or the
 * power went) or damaged later. The difference matters: torn ones are as if never written, damaged
 * ones were promised. A later batch that says that the log was durable beyond this page tells them
 * apart. A damaged payload costs its block only; a damaged header costs everything in the batch,
 * unknown what, and so the disk is refused.
 */
final class SegmentScanner {
  /** More than three of the largest batches. */
  private static final int SOON_PAGES = 1024;

  /**
   * What a scan found: nothing, if {@code entries} is empty.
   *
   * @param entries with batch marks, as in a summary
   * @param metas payloads of the META entries, in order
   */
  record Scan(
      long sequence,
      long generation,
      int endPage,
      List<LogEntry> entries,
      List<ByteBuffer> metas) {}

  private final SegmentWindow window;
  private final long diskId;
  private final int segmentPages;
  private final int segment;
  private final long lowest;
  private final long highest;
  private final long checkpointLsn;

  private BatchHeader first;
  private int page;
  private final List<LogEntry> entries = new ArrayList<>();
  private final List<ByteBuffer> metas = new ArrayList<>();

  /**
   * @param lowest sequence of the filling that is looked for, as far as it is known
   * @param highest sequence of it
   * @param checkpointLsn batches up to here are in the checkpoint: their payload is not looked at
   */
  SegmentScanner(
      SegmentWindow window,
      Superblock superblock,
      int segment,
      long lowest,
      long highest,
      long checkpointLsn) {
    this.window = window;
    this.diskId = superblock.identity().diskId();
    this.segmentPages = superblock.segmentPages();
    this.segment = segment;
    this.lowest = lowest;
    this.highest = highest;
    this.checkpointLsn = checkpointLsn;
  }

  Scan scan() throws IOException {
    BatchHeader header = headerAt(page);
    while (header != null && takeBatch(header)) {
      page += header.pages();
      header = headerAt(page);
    }
    if (header == null && durableBeyond(page, untouched() ? SOON_PAGES : segmentPages)) {
      throw new StoreOpenException(
          "segment %s, page %s: a batch that was durable is damaged, and with it the list of what"
              + " it held; this disk's replicas must be made anew from other copies",
          segment, page);
    }
    return first == null
        ? new Scan(0, 0, 0, List.of(), List.of())
        : new Scan(first.sequence(), first.generation(), page, entries, metas);
  }

  /**
   * Whether the segment still begins as an earlier filling began it, so that at most the disk has
   * lost a write without saying so. Most of the segments that are looked at are like this: they are
   * not read to their ends for it.
   */
  private boolean untouched() throws IOException {
    BatchHeader oldest = first == null ? anyHeaderAt(0) : null;
    return oldest != null && oldest.sequence() < lowest;
  }

  /** The header at this page if it is whole and of this filling, else null. */
  private BatchHeader headerAt(int at) throws IOException {
    BatchHeader header = anyHeaderAt(at);
    return header == null
            || header.sequence() < lowest
            || header.sequence() > highest
            || (first != null && !header.sameSegmentAs(first))
        ? null
        : header;
  }

  /** The header at this page if it is whole, else null. */
  private BatchHeader anyHeaderAt(int at) throws IOException {
    ByteBuffer head = window.at(segment, at, 1);
    BatchHeader header =
        head == null ? null : BatchHeader.decode(head, 0, diskId, at, segmentPages);
    if (header == null) {
      return null;
    }
    ByteBuffer pages = window.at(segment, at, header.headerPages());
    return pages != null && header.sealed(pages, 0) ? header : null;
  }

  /** Takes the entries of a batch if its payload is whole, or was once durable. */
  private boolean takeBatch(BatchHeader header) throws IOException {
    ByteBuffer pages = window.at(segment, page, header.pages());
    if (pages == null) {
      return false;
    }
    List<LogEntry> found = new ArrayList<>();
    List<ByteBuffer> foundMetas = new ArrayList<>();
    boolean whole = read(header, pages, found, foundMetas);
    if (found.size() < header.entryCount()) {
      throw new StoreOpenException(
          "segment %s, page %s: an entry of a kind that this build does not know", segment, page);
    }
    if (!whole) {
      BatchHeader before = first;
      first = header;
      boolean damaged = durableBeyond(page, segmentPages);
      first = before;
      if (!damaged) {
        return false;
      }
    }
    first = first == null ? header : first;
    entries.add(LogEntry.batch(page, header.headerPages(), header.lsn()));
    entries.addAll(found);
    metas.addAll(foundMetas);
    return true;
  }

  /** False if a payload fails its check. */
  private boolean read(
      BatchHeader header, ByteBuffer pages, List<LogEntry> found, List<ByteBuffer> metas) {
    for (int i = 0; i < header.entryCount(); i++) {
      LogEntry entry = LogEntry.decode(pages, BatchHeader.entryOffset(i));
      if (entry == null) {
        return true;
      }
      found.add(entry);
    }
    BatchLayout layout = BatchLayout.of(found);
    if (layout.packedBytes() != header.packedBytes()) {
      return false;
    }
    boolean whole = true;
    for (int i = 0; i < found.size(); i++) {
      LogEntry entry = found.get(i);
      if (entry.kind().hasPayload()) {
        whole &= intact(header, entry, pages, layout.at(i));
        if (entry.kind() == EntryKind.META) {
          metas.add(copy(pages, layout.at(i), entry.storedBytes()));
        }
      }
    }
    return whole;
  }

  private boolean intact(BatchHeader header, LogEntry entry, ByteBuffer pages, int at) {
    return header.lsn() <= checkpointLsn
        || entry.kind() == EntryKind.BAD
        || (at + entry.storedBytes() <= pages.limit()
            && Format.crc(pages, at, entry.storedBytes()) == entry.crc());
  }

  private static ByteBuffer copy(ByteBuffer from, int at, int length) {
    return ByteBuffer.allocate(length).put(from.slice(at, length)).flip();
  }

  /**
   * Whether a batch of this filling that begins before {@code end} says that the log was durable
   * beyond this page.
   */
  private boolean durableBeyond(int broken, int end) throws IOException {
    if (broken == 0 && first == null && isZero(0)) {
      return false;
    }
    for (int at = broken + 1; at < Math.min(end, segmentPages); at++) {
      BatchHeader later = headerAt(at);
      if (later != null && later.durablePage() > broken) {
        return true;
      }
    }
    return false;
  }

  private boolean isZero(int at) throws IOException {
    return Format.isZero(window.at(segment, at, 1), 0, PAGE_BYTES);
  }
}
