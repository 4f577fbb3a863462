package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.env.Timers;
import io.ashlar.store.map.Place;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * One stream of the log: what operations write, or what collection moves. One batch is in flight;
 * the next one is everything queued when it completes, or, if none is, everything that comes within
 * one turn of the loop. So at the moment a batch is put together, the maps show everything that is
 * before it in this stream. Loop thread only.
 */
final class LogStream {
  private static final int BATCH_PAYLOAD_PAGES_MAX = 256;
  private static final int BATCH_ENTRIES_MAX = 1024;
  private static final int PROGRESS_ENTRIES_MAX = 16;

  /** What the writer needs from the engine. */
  interface Host {
    /** Whether an entry that collection wants to write again is still the current one. */
    boolean stillNeeded(Append append, int index);

    /** The entry is in the log. {@code place} is where its payload lies, if it has one. */
    void applied(Append append, int index, long place);

    /** Progress of replicas that was noted and not written yet, at most this many entries. */
    List<LogEntry> takeProgress(int entriesMax);

    void progressApplied(LogEntry entry);

    /** Something waits for a free segment. */
    void spaceIsLow();

    /** No batch is in flight. */
    void idle();

    void ioFailed(String operation, int errno);
  }

  private final Timers timers;
  private final Segments segments;
  private final LogSequence sequence;
  private final LogEnd end;
  private final int floor;
  private final Host host;
  private final ArrayDeque<Append> queue = new ArrayDeque<>();
  private boolean busy;
  private boolean paused;
  private boolean pumpDue;
  private boolean stopped;

  /**
   * @param floor free segments that it leaves to others
   */
  LogStream(
      Timers timers, Segments segments, LogSequence sequence, LogEnd end, int floor, Host host) {
    this.timers = timers;
    this.segments = segments;
    this.sequence = sequence;
    this.end = end;
    this.floor = floor;
    this.host = host;
  }

  LogEnd end() {
    return end;
  }

  boolean busy() {
    return busy;
  }

  /** Nothing is begun until {@link #resume}. */
  void pause() {
    paused = true;
  }

  void resume() {
    paused = false;
    pump();
  }

  void submit(Append append) {
    queue.add(append);
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

  /** Gives up everything queued; what is in flight is given up when the disk returns it. */
  void stop() {
    stopped = true;
    end.stop();
    List<Append> all = new ArrayList<>(queue);
    queue.clear();
    all.forEach(append -> append.finish(true));
  }

  /** Starts the next batch if nothing is in flight and there is something to write. */
  void pump() {
    if (busy || paused || stopped || queue.isEmpty()) {
      return;
    }
    Batch batch = new Batch();
    takeEmpty(batch);
    if (!queue.isEmpty()) {
      if (end.makeRoom(1, 1, floor)) {
        fill(batch);
      } else {
        host.spaceIsLow();
      }
    }
    start(batch);
  }

  /** Those in front that have nothing to write never wait for space. */
  private void takeEmpty(Batch batch) {
    while (!queue.isEmpty() && !queue.peek().hasNext()) {
      batch.touched.add(queue.poll());
    }
  }

  private void fill(Batch batch) {
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
    long lsn = sequence.nextLsn();
    batch.layout = BatchLayout.of(batch.entries);
    Payload buffer = end.header(batch.entries, batch.packedBytes, batch.payloadPages, lsn);
    copyPayloads(batch, buffer.view());
    end.write(buffer, errno -> written(batch, buffer, lsn, errno));
  }

  private void addProgress(Batch batch) {
    int room = 0;
    while (room < PROGRESS_ENTRIES_MAX
        && end.fits(batch.entries.size() + room + 1, batch.packedBytes, batch.payloadPages)) {
      room++;
    }
    batch.entries.addAll(host.takeProgress(room));
  }

  private static void copyPayloads(Batch batch, ByteBuffer into) {
    for (int i = 0; i < batch.appends.size(); i++) {
      if (batch.entries.get(i).kind().hasPayload()) {
        batch.appends.get(i).copyPayload(batch.indexes.get(i), into, batch.layout.at(i));
      }
    }
  }

  private void written(Batch batch, Payload buffer, long lsn, int errno) {
    buffer.release();
    if (stopped) {
      giveUp(batch);
    } else if (errno != 0) {
      host.ioFailed("write", errno);
      giveUp(batch);
    } else {
      apply(batch, lsn);
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

  private void apply(Batch batch, long lsn) {
    int firstPage = segments.place(end.segment(), end.page());
    end.applied(batch.entries, batch.packedBytes, batch.payloadPages, lsn);
    for (int i = 0; i < batch.entries.size(); i++) {
      LogEntry entry = batch.entries.get(i);
      if (i >= batch.appends.size()) {
        host.progressApplied(entry);
        continue;
      }
      int at = batch.layout.at(i);
      long place =
          entry.kind().hasPayload()
              ? Place.of(firstPage + at / PAGE_BYTES, at % PAGE_BYTES)
              : Place.NONE;
      host.applied(batch.appends.get(i), batch.indexes.get(i), place);
      batch.appends.get(i).settle();
    }
  }

  private void finished(Batch batch) {
    busy = false;
    for (Append append : batch.touched) {
      if (append.settled()) {
        append.finish(stopped);
      }
    }
    host.idle();
    pump();
  }

  /** What goes into one write. */
  private final class Batch {
    /** Entries in log order; those beyond {@link #appends} are progress notes. */
    final List<LogEntry> entries = new ArrayList<>();

    final List<Append> appends = new ArrayList<>();
    final List<Integer> indexes = new ArrayList<>();
    final List<Append> touched = new ArrayList<>();
    int packedBytes;
    int payloadPages;
    BatchLayout layout;

    boolean takes(LogEntry entry) {
      int packed = packedBytes + BatchLayout.packedBytes(entry);
      int pages = payloadPages + (entry.fillsPage() ? 1 : 0);
      return pages + Format.pages(packed) <= BATCH_PAYLOAD_PAGES_MAX
          && entries.size() < BATCH_ENTRIES_MAX
          && end.fits(entries.size() + 1, packed, pages);
    }

    void add(Append append, int index) {
      LogEntry entry = append.entries[index];
      entries.add(entry);
      appends.add(append);
      indexes.add(index);
      packedBytes += BatchLayout.packedBytes(entry);
      payloadPages += entry.fillsPage() ? 1 : 0;
    }
  }
}
