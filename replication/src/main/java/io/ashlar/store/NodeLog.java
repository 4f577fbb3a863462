package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Timers;
import io.ashlar.store.map.FrozenMaps;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.NodeBuffer;
import io.ashlar.store.map.NodeWord;
import io.ashlar.store.map.NodeWrite;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The stream of the log that holds maps: nodes that make room in memory, nodes of a checkpoint, and
 * the checkpoint's record itself. One batch at a time. Loop thread only.
 */
final class NodeLog {
  private static final int BATCH_PAGES_MAX = 64;
  private static final int PIECE_PAGES_MAX = 256;

  /** As many as fill one page of a batch's header. */
  private static final int NODES_MAX = 84;

  /** What this stream needs from the engine. */
  interface Host {
    void idle();

    /** All nodes of the checkpoint are written. */
    void nodesWritten();

    /** Nothing can be written for want of a free segment. */
    void spaceIsLow();

    void ioFailed(String operation, int errno);
  }

  /** Where a piece of a checkpoint's record is. */
  record Piece(int place, int lengthBytes, int crc) {
    int pages() {
      return (lengthBytes + PAGE_BYTES - 1) >>> Format.PAGE_SHIFT;
    }
  }

  /** Told when all pieces are written, in order. */
  interface PiecesDone {
    void done(List<Piece> pieces);
  }

  private final PayloadPool pool;
  private final Timers timers;
  private final Segments segments;
  private final LogSequence sequence;
  private final LogEnd end;
  private final MapCache cache;
  private final Host host;
  private Optional<FrozenMaps> checkpoint = Optional.empty();
  private ByteBuffer record;
  private PiecesDone recordDone;
  private List<Piece> pieces = List.of();
  private boolean busy;
  private boolean paused;
  private boolean pumpDue;
  private boolean stopped;

  NodeLog(
      PayloadPool pool,
      Timers timers,
      Segments segments,
      LogSequence sequence,
      LogEnd end,
      MapCache cache,
      Host host) {
    this.pool = pool;
    this.timers = timers;
    this.segments = segments;
    this.sequence = sequence;
    this.end = end;
    this.cache = cache;
    this.host = host;
  }

  LogEnd end() {
    return end;
  }

  boolean busy() {
    return busy;
  }

  void pause() {
    paused = true;
  }

  void resume() {
    paused = false;
    pump();
  }

  void stop() {
    stopped = true;
    end.stop();
  }

  /** From now on this checkpoint's nodes are written, until {@link Host#nodesWritten}. */
  void write(FrozenMaps frozen) {
    checkpoint = Optional.of(frozen);
    pump();
  }

  void write(ByteBuffer checkpointRecord, PiecesDone done) {
    record = checkpointRecord;
    recordDone = done;
    pieces = new ArrayList<>();
    pump();
  }

  /** Some nodes should be written; not inside the call, which may be in the middle of a change. */
  void pumpSoon() {
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

  void pump() {
    if (busy || paused || stopped) {
      return;
    }
    if (record != null) {
      writePiece();
    } else {
      writeNodes();
    }
  }

  private void writeNodes() {
    if (checkpoint.isEmpty() && !cache.needsCleaning()) {
      return;
    }
    if (checkpoint.isPresent() && checkpoint.get().done()) {
      checkpoint = Optional.empty();
      host.nodesWritten();
      return;
    }
    int pages = payloadRoom();
    if (pages == 0) {
      host.spaceIsLow();
      return;
    }
    Payload scratch = pool.lease(pages * PAGE_BYTES);
    ByteBuffer bytes = scratch.view().order(ByteOrder.LITTLE_ENDIAN);
    NodeBuffer into = new NodeBuffer(bytes, NODES_MAX);
    List<NodeWrite> writes =
        checkpoint.isPresent() ? checkpoint.get().take(into) : cache.takeToClean(into);
    if (writes.isEmpty()) {
      scratch.release();
      return;
    }
    busy = true;
    if (into.end() == 0) {
      scratch.release();
      timers.after(0, () -> emptyOnes(writes));
      return;
    }
    writeBatch(writes, bytes, into.end());
    scratch.release();
  }

  /** Only a checkpoint, which makes segments free, may take the last ones. */
  private int floor() {
    return checkpoint.isPresent() || record != null ? 0 : RoomMaker.KEPT_FROM_CLEANING;
  }

  /** Payload pages of the next batch; 0 if no segment may be opened. */
  private int payloadRoom() {
    if (!end.makeRoom(NODES_MAX, 2, floor())) {
      return 0;
    }
    int pages = 2;
    while (pages < BATCH_PAGES_MAX && end.fits(NODES_MAX, pages + 1)) {
      pages++;
    }
    return pages;
  }

  private void writeBatch(List<NodeWrite> writes, ByteBuffer bytes, int length) {
    List<LogEntry> entries = new ArrayList<>();
    for (NodeWrite write : writes) {
      if (write.lengthBytes() > 0) {
        entries.add(
            LogEntry.node(
                write.replica(),
                write.leaf(),
                write.number(),
                write.offsetBytes(),
                write.lengthBytes()));
      }
    }
    int payloadPages = (length + PAGE_BYTES - 1) >>> Format.PAGE_SHIFT;
    long lsn = sequence.nextLsn();
    Payload buffer = end.header(entries, 0, payloadPages, lsn);
    int at = Format.pagesFor(entries.size()) * PAGE_BYTES;
    ByteBuffer batch = buffer.view();
    batch.put(at, bytes, 0, length);
    clear(batch, at + length);
    int place = segments.place(end.segment(), end.firstPayloadPage(entries.size()));
    end.write(
        buffer,
        errno -> {
          buffer.release();
          if (succeeded(errno)) {
            end.applied(entries, 0, payloadPages, lsn);
            writes.forEach(write -> cache.written(write, word(write, place)));
            finished();
          }
        });
  }

  private static void clear(ByteBuffer batch, int from) {
    for (int i = from; i < batch.capacity(); i++) {
      batch.put(i, (byte) 0);
    }
  }

  private static long word(NodeWrite write, int firstPlace) {
    return write.lengthBytes() == 0
        ? NodeWord.NONE
        : NodeWord.of(
            firstPlace + write.offsetBytes() / PAGE_BYTES,
            write.offsetBytes() % PAGE_BYTES,
            write.lengthBytes(),
            write.mappedBlocks());
  }

  private void emptyOnes(List<NodeWrite> writes) {
    if (!stopped) {
      writes.forEach(write -> cache.written(write, NodeWord.NONE));
      finished();
    }
  }

  private void writePiece() {
    if (!end.makeRoom(1, 1, floor())) {
      host.spaceIsLow();
      return;
    }
    int pages = 1;
    int pagesLeft = (record.remaining() + PAGE_BYTES - 1) >>> Format.PAGE_SHIFT;
    while (pages < Math.min(PIECE_PAGES_MAX, pagesLeft) && end.fits(1, pages + 1)) {
      pages++;
    }
    int length = Math.min(record.remaining(), pages * PAGE_BYTES);
    int payloadPages = pages;
    int crc = Format.crc(record, record.position(), length);
    List<LogEntry> entries = List.of(LogEntry.checkpoint(pieces.size(), crc, length));
    long lsn = sequence.nextLsn();
    Payload buffer = end.header(entries, 0, payloadPages, lsn);
    ByteBuffer batch = buffer.view();
    batch.put(PAGE_BYTES, record, record.position(), length);
    clear(batch, PAGE_BYTES + length);
    record.position(record.position() + length);
    Piece piece = new Piece(segments.place(end.segment(), end.firstPayloadPage(1)), length, crc);
    busy = true;
    end.write(
        buffer,
        errno -> {
          buffer.release();
          if (succeeded(errno)) {
            end.applied(entries, 0, payloadPages, lsn);
            pieces.add(piece);
            pieceWritten();
            finished();
          }
        });
  }

  private void pieceWritten() {
    if (!record.hasRemaining()) {
      record = null;
      recordDone.done(pieces);
    }
  }

  private boolean succeeded(int errno) {
    if (stopped) {
      return false;
    }
    if (errno != 0) {
      host.ioFailed("write", errno);
    }
    return errno == 0;
  }

  private void finished() {
    busy = false;
    host.idle();
    pump();
  }
}
