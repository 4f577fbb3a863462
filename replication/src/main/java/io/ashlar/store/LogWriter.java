package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of the log. One batch is in flight; the next one is everything queued when it completes,
 * or, if none is, everything that comes within one turn of the loop. So at the moment a batch is
 * put together, the maps show everything that is before it in the log.
 *
 * <p>Two queues: collection goes first, because operations may wait for the space it makes. That is
 * sound because a moved entry is checked against the map when its batch is put together, and what
 * is queued behind it comes later in the log anyway. Loop thread only.
 */
final class LogWriter {
  /** Free segments that only collection may use: one to fill, one to be sure it can go on. */
  static final int SEGMENTS_FOR_COLLECTION = 2;

  private static final int BATCH_PAYLOAD_PAGES_MAX = 256;
  private static final int BATCH_ENTRIES_MAX = 1024;
  private static final int PROGRESS_ENTRIES_MAX = 16;
  private static final byte[] ZEROS = new byte[PAGE_BYTES];

  /** What the writer needs from the engine. */
  interface Host {
    /** Whether an entry that collection wants to write again is still the current one. */
    boolean stillNeeded(Append append, int index);

    /** The entry is in the log. {@code place} is its payload page, if it has one. */
    void applied(Append append, int index, int segment, int place, long position);

    /** Progress of replicas that was noted and not written yet, at most this many entries. */
    List<LogEntry> takeProgress(int entriesMax);

    void progressApplied(LogEntry entry, int segment);

    /** Free segments are few, or an operation waits for one. */
    void spaceIsLow();

    void ioFailed(String operation, int errno);
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final Timers timers;
  private final Segments segments;
  private final long diskId;
  private final long generation;
  private final SyncGate gate;
  private final Host host;
  private final ArrayDeque<Append> operations = new ArrayDeque<>();
  private final ArrayDeque<Append> collection = new ArrayDeque<>();

  private long nextSequence;
  private int open = -1;
  private int openPage;
  private final List<LogEntry> openEntries = new ArrayList<>();
  private boolean busy;
  private boolean pumpDue;
  private boolean stopped;
  private long durableMark;

  LogWriter(
      Disk disk,
      PayloadPool pool,
      Timers timers,
      Segments segments,
      Superblock superblock,
      long nextSequence,
      SyncGate gate,
      Host host) {
    this.disk = disk;
    this.pool = pool;
    this.timers = timers;
    this.segments = segments;
    this.diskId = superblock.identity().diskId();
    this.generation = superblock.generation();
    this.nextSequence = nextSequence;
    this.gate = gate;
    this.host = host;
  }

  void submit(Append append) {
    operations.add(append);
    if (!busy && !pumpDue) {
      pumpDue = true;
      timers.after(
          0,
          () -> {
            pumpDue = false;
            pump();
          });
    }
  }

  void submitCollected(List<Append> appends) {
    collection.addAll(appends);
    pump();
  }

  /** End of what is applied, as a block position; nothing is open: the end of everything before. */
  long appliedMark() {
    return open < 0
        ? LogPosition.ofBlock(nextSequence, 0)
        : LogPosition.ofBlock(segments.sequence(open), openPage);
  }

  void durable(long mark) {
    durableMark = Math.max(durableMark, mark);
  }

  /** Gives up everything queued; what is in flight is given up when the disk returns it. */
  void stop() {
    stopped = true;
    List<Append> all = new ArrayList<>(collection);
    all.addAll(operations);
    collection.clear();
    operations.clear();
    all.forEach(append -> append.finish(true));
  }

  /** Starts the next batch if nothing is in flight and there is something to write. */
  void pump() {
    if (busy || stopped || (collection.isEmpty() && operations.isEmpty())) {
      return;
    }
    boolean operationsMayWrite = segments.freeCount() > SEGMENTS_FOR_COLLECTION;
    Batch batch = new Batch();
    takeEmpty(batch);
    if (collection.isEmpty() && (operations.isEmpty() || !operationsMayWrite)) {
      start(batch);
      if (!operations.isEmpty()) {
        host.spaceIsLow();
      }
      return;
    }
    if (open >= 0 && !fits(1, 1)) {
      closeOpenSegment();
    }
    if (open < 0) {
      openSegment();
    }
    fill(batch, collection);
    if (operationsMayWrite) {
      fill(batch, operations);
    }
    start(batch);
  }

  /** Operations in front that have nothing to write never wait for space. */
  private void takeEmpty(Batch batch) {
    while (!operations.isEmpty() && !operations.peek().hasNext()) {
      batch.touched.add(operations.poll());
    }
  }

  private void openSegment() {
    open = segments.open(nextSequence++);
    openPage = 0;
    openEntries.clear();
    host.spaceIsLow();
  }

  /** Whether a batch of this many entries and payload pages leaves room for the summary. */
  private boolean fits(int entries, int payloadPages) {
    int summary = SegmentSummary.pagesFor(openEntries.size() + entries + 1);
    return openPage + Format.pagesFor(entries) + payloadPages + summary <= segments.segmentPages();
  }

  private void fill(Batch batch, ArrayDeque<Append> queue) {
    while (!queue.isEmpty()) {
      Append append = queue.peek();
      batch.touched.add(append);
      while (append.hasNext()) {
        int index = append.nextIndex();
        if (append.oldPlaces != null && !host.stillNeeded(append, index)) {
          append.settle();
        } else if (batch.takes(append.entries[index])) {
          batch.add(append, index);
        } else {
          return;
        }
        append.advance();
      }
      queue.poll();
    }
  }

  private void start(Batch batch) {
    if (batch.touched.isEmpty()) {
      return;
    }
    busy = true;
    if (batch.entries.isEmpty()) {
      timers.after(0, () -> finished(batch));
      return;
    }
    addProgress(batch);
    Payload buffer = encode(batch);
    long offset = segments.offsetBytes(open, openPage);
    disk.write(offset, buffer.view(), errno -> written(batch, buffer, errno));
  }

  private void addProgress(Batch batch) {
    int room = 0;
    while (room < PROGRESS_ENTRIES_MAX
        && fits(batch.entries.size() + room + 1, batch.payloadPages)) {
      room++;
    }
    batch.entries.addAll(host.takeProgress(room));
  }

  private Payload encode(Batch batch) {
    int headerPages = Format.pagesFor(batch.entries.size());
    BatchHeader header =
        new BatchHeader(
            headerPages,
            batch.entries.size(),
            batch.payloadPages,
            diskId,
            segments.sequence(open),
            openPage,
            durablePage(),
            generation);
    Payload buffer = pool.lease(header.pages() * PAGE_BYTES);
    ByteBuffer into = Format.littleEndian(buffer.view());
    for (int page = 0; page < headerPages; page++) {
      into.put(page * PAGE_BYTES, ZEROS);
    }
    for (int i = 0; i < batch.entries.size(); i++) {
      batch.entries.get(i).encode(into, BatchHeader.entryOffset(i));
    }
    header.encode(into);
    copyPayloads(batch, into, headerPages);
    return buffer;
  }

  private static void copyPayloads(Batch batch, ByteBuffer into, int headerPages) {
    int page = headerPages;
    for (int i = 0; i < batch.appends.size(); i++) {
      if (batch.entries.get(i).kind().hasPayload()) {
        batch.appends.get(i).copyPayload(batch.indexes.get(i), into, page * PAGE_BYTES);
        page++;
      }
    }
  }

  private int durablePage() {
    boolean thisSegment = LogPosition.sequence(durableMark) == segments.sequence(open);
    return thisSegment ? (int) (durableMark >>> 12) & (Format.SEGMENT_PAGES_MAX - 1) : 0;
  }

  private void written(Batch batch, Payload buffer, int errno) {
    buffer.release();
    if (stopped) {
      giveUp(batch);
    } else if (errno != 0) {
      host.ioFailed("write", errno);
      giveUp(batch);
    } else {
      apply(batch);
      finished(batch);
    }
  }

  /** Those that still wait in a queue were given up with it. */
  private void giveUp(Batch batch) {
    for (Append append : batch.touched) {
      if (!append.hasNext()) {
        append.finish(true);
      }
    }
  }

  private void apply(Batch batch) {
    int segment = open;
    long sequence = segments.sequence(segment);
    int headerPages = Format.pagesFor(batch.entries.size());
    int payloadPage = openPage + headerPages;
    openEntries.add(LogEntry.batch(openPage, headerPages));
    openEntries.addAll(batch.entries);
    openPage += headerPages + batch.payloadPages;
    for (int i = 0; i < batch.entries.size(); i++) {
      LogEntry entry = batch.entries.get(i);
      if (i >= batch.appends.size()) {
        host.progressApplied(entry, segment);
      } else if (entry.kind().hasPayload()) {
        int place = segments.place(segment, payloadPage);
        long position = LogPosition.ofBlock(sequence, payloadPage++);
        host.applied(batch.appends.get(i), batch.indexes.get(i), segment, place, position);
      } else {
        long position = LogPosition.ofEntry(sequence, payloadPage, i);
        host.applied(batch.appends.get(i), batch.indexes.get(i), segment, 0, position);
      }
      if (i < batch.appends.size()) {
        batch.appends.get(i).settle();
      }
    }
  }

  private void finished(Batch batch) {
    busy = false;
    for (Append append : batch.touched) {
      if (append.settled()) {
        append.finish(stopped);
      }
    }
    pump();
  }

  /**
   * The summary is trusted without looking at what it lists, so that must be durable before the
   * summary is written. The log goes on in the next segment meanwhile.
   */
  private void closeOpenSegment() {
    int segment = open;
    int endPage = openPage;
    List<LogEntry> entries = List.copyOf(openEntries);
    segments.closing(segment);
    open = -1;
    gate.request(
        failed -> {
          if (!failed && !stopped) {
            writeSummary(segment, endPage, entries);
          }
        });
  }

  private void writeSummary(int segment, int endPage, List<LogEntry> entries) {
    int pages = SegmentSummary.pagesFor(entries.size());
    Payload buffer = pool.lease(pages * PAGE_BYTES);
    ByteBuffer into = buffer.view();
    into.put(0, new byte[pages * PAGE_BYTES]);
    SegmentSummary.Filling filling =
        new SegmentSummary.Filling(segments.sequence(segment), generation);
    SegmentSummary.encode(into, diskId, filling, endPage, entries);
    long offset = segments.offsetBytes(segment, segments.segmentPages() - pages);
    disk.write(
        offset,
        into,
        errno -> {
          buffer.release();
          if (errno != 0) {
            host.ioFailed("write", errno);
          } else if (!stopped) {
            segments.close(segment);
            host.spaceIsLow();
          }
        });
  }

  /** What goes into one write. */
  private final class Batch {
    /** Entries in log order; those beyond {@link #appends} are progress notes. */
    final List<LogEntry> entries = new ArrayList<>();

    final List<Append> appends = new ArrayList<>();
    final List<Integer> indexes = new ArrayList<>();
    final List<Append> touched = new ArrayList<>();
    int payloadPages;

    boolean takes(LogEntry entry) {
      int payload = payloadPages + (entry.kind().hasPayload() ? 1 : 0);
      return payload <= BATCH_PAYLOAD_PAGES_MAX
          && entries.size() < BATCH_ENTRIES_MAX
          && fits(entries.size() + 1, payload);
    }

    void add(Append append, int index) {
      LogEntry entry = append.entries[index];
      entries.add(entry);
      appends.add(append);
      indexes.add(index);
      payloadPages += entry.kind().hasPayload() ? 1 : 0;
    }
  }
}
