package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.CheckpointRecord.SegmentTable;
import io.ashlar.store.map.FrozenMaps;
import io.ashlar.store.map.NodeWord;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes everything known of the disk durable at one place of the log, so that what came before need
 * not be read again, and segments that nothing needs any more become free.
 *
 * <pre>
 * IDLE      -> QUIETING   when asked
 * QUIETING  -> NODES      no batch is in flight: what is known now is what is kept
 * NODES     -> RECORD     the maps' nodes are in the log
 * RECORD    -> SEALING    the record is in the log
 * SEALING   -> IDLE       log synced; superblock A, sync, superblock B, sync; empty segments freed
 * </pre>
 *
 * The log goes on while nodes and record are written. Loop thread only.
 */
final class Checkpointer {
  /** What checkpoints need from the engine. */
  interface Host {
    /** Nothing is begun in any stream until {@link #resume}. */
    void pause();

    boolean quiet();

    void resume();

    /** Everything but segments and maps, as it is now. */
    CheckpointRecord known(SegmentTable segments, FrozenMaps maps);

    FrozenMaps freeze(FrozenMaps.LiveTable live);

    void thawed();

    /** The checkpoint is durable. */
    void segmentsFreed();

    void ioFailed(String operation, int errno);
  }

  private enum State {
    IDLE,
    QUIETING,
    NODES,
    RECORD,
    SEALING
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private final LogSequence sequence;
  private final NodeLog nodeLog;
  private final SyncGate gate;
  private final Host host;
  private Superblock superblock;
  private boolean aIsOlder;
  private State state = State.IDLE;
  private boolean again;
  private boolean stopped;
  private FrozenMaps frozen;
  private int[] live;
  private SegmentTable table;
  private List<Integer> empty = List.of();
  private CheckpointRecord record;
  private long lastLsn;

  /**
   * @param superblock as it is on the disk, twice
   */
  Checkpointer(
      Disk disk,
      PayloadPool pool,
      Segments segments,
      LogSequence sequence,
      NodeLog nodeLog,
      SyncGate gate,
      Superblock superblock,
      Host host) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.sequence = sequence;
    this.nodeLog = nodeLog;
    this.gate = gate;
    this.superblock = superblock;
    this.lastLsn = superblock.checkpoint().lsn();
    this.host = host;
  }

  void stop() {
    stopped = true;
  }

  boolean idle() {
    return state == State.IDLE;
  }

  /** Batches since the last one. */
  long behind() {
    return sequence.lsn() - lastLsn;
  }

  /** Begins one, or has another one follow the one that runs. */
  void start() {
    if (stopped) {
      return;
    }
    if (state != State.IDLE) {
      again = true;
      return;
    }
    state = State.QUIETING;
    host.pause();
    quiet();
  }

  /** No batch is in flight in some stream: perhaps in none. */
  void quiet() {
    if (state == State.QUIETING && !stopped && host.quiet()) {
      freeze();
    }
  }

  private void freeze() {
    state = State.NODES;
    live = segments.liveTable();
    superblock.checkpoint().pieces().forEach(piece -> count(live, piece, -1));
    empty = segments.empty();
    table = tableNow();
    frozen =
        host.freeze(
            (word, sign) ->
                live[segments.segmentOf(NodeWord.place(word))] +=
                    sign * NodeWord.lengthBytes(word) / NodeWord.UNIT_BYTES);
    record = host.known(table, frozen);
    host.resume();
    nodeLog.write(frozen);
  }

  /** Live units are filled in when all nodes are written; the array is the one they count in. */
  private SegmentTable tableNow() {
    int count = segments.count();
    byte[] states = new byte[count];
    long[] sequences = new long[count];
    long[] closedAt = new long[count];
    for (int i = 0; i < count; i++) {
      states[i] =
          switch (segments.state(i)) {
            case FREE -> CheckpointRecord.FREE;
            case CLOSED -> CheckpointRecord.CLOSED;
            case OPEN, CLOSING -> CheckpointRecord.OPEN;
          };
      sequences[i] = segments.sequence(i);
      closedAt[i] = segments.closedAt(i);
    }
    empty.forEach(segment -> states[segment] = CheckpointRecord.FREE);
    List<Integer> free = new ArrayList<>(segments.free());
    free.addAll(empty);
    return new SegmentTable(states, sequences, live, closedAt, free);
  }

  private void count(int[] table, NodeLog.Piece piece, int sign) {
    table[segments.segmentOf(piece.place())] += sign * unitsOf(piece);
  }

  private static int unitsOf(NodeLog.Piece piece) {
    return piece.pages() * Segments.UNITS_A_PAGE;
  }

  /** All nodes are in the log. */
  void nodesWritten() {
    state = State.RECORD;
    nodeLog.write(record.encode(), this::recordWritten);
  }

  private void recordWritten(List<NodeLog.Piece> pieces) {
    state = State.SEALING;
    pieces.forEach(piece -> segments.piece(piece.place(), unitsOf(piece)));
    Superblock next =
        superblock.withCheckpoint(new Superblock.Checkpoint(record.lsn(), List.copyOf(pieces)));
    sync(() -> write(next, aIsOlder, () -> write(next, !aIsOlder, () -> durable(next))));
  }

  private void sync(Runnable then) {
    gate.request(
        failed -> {
          if (!failed && !stopped) {
            then.run();
          }
        });
  }

  private void write(Superblock next, boolean toA, Runnable then) {
    Payload page = pool.lease(PAGE_BYTES);
    page.view().put(0, new byte[PAGE_BYTES]);
    next.encode(page.view());
    disk.write(
        toA ? Format.SUPERBLOCK_A_OFFSET : Format.SUPERBLOCK_B_OFFSET,
        page.view(),
        errno -> {
          page.release();
          if (errno != 0) {
            host.ioFailed("write", errno);
          } else if (!stopped) {
            sync(then);
          }
        });
  }

  private void durable(Superblock next) {
    superblock
        .checkpoint()
        .pieces()
        .forEach(piece -> segments.piece(piece.place(), -unitsOf(piece)));
    superblock = next;
    aIsOlder = !aIsOlder;
    lastLsn = record.lsn();
    segments.release(empty);
    empty = List.of();
    frozen = null;
    record = null;
    state = State.IDLE;
    host.thawed();
    host.segmentsFreed();
    if (again) {
      again = false;
      start();
    }
  }
}
