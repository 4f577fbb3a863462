package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Front-end requests: checked once, cut into parts of whole blocks, put together again. A part that
 * covers less than a block is read, merged and written under the block's lock. Keeps the sessions
 * apart: nothing of a later one starts before an ended one is drained. Loop thread only.
 */
final class Requests {
  /** Blocks of one part: a frame of 1 MiB. */
  private static final int PART_BLOCKS_MAX = 256;

  private final CoordinatorContext context;
  private WritePipeline writes;
  private ReadPath reads;
  private FlushPath flushes;

  private long sessions;
  private final Map<Long, Integer> unfinished = new HashMap<>();
  private final List<Long> draining = new ArrayList<>();
  private final Deque<ClientRequest> heldBack = new ArrayDeque<>();

  /** Partial blocks: their ops are completed with what was read. */
  private final Map<WriteOp, Edge> edges = new HashMap<>();

  private boolean ended;

  private record Edge(Payload bytes, int offsetInBlock) {}

  Requests(CoordinatorContext context) {
    this.context = context;
  }

  void connect(WritePipeline theWrites, ReadPath theReads, FlushPath theFlushes) {
    writes = theWrites;
    reads = theReads;
    flushes = theFlushes;
  }

  boolean idle() {
    return unfinished.isEmpty() && heldBack.isEmpty() && writes.idle();
  }

  // ---- sessions

  long openSession() {
    return ++sessions;
  }

  void endSession(long session) {
    writes.dropSession(session);
    for (ClientRequest client : List.copyOf(heldBack)) {
      if (client.session == session) {
        heldBack.remove(client);
        discard(client.request);
        answer(client, Status.SHUT_DOWN, null);
      }
    }
    if (unfinished.containsKey(session)) {
      draining.add(session);
    }
  }

  private boolean mayStart(ClientRequest client) {
    return draining.isEmpty() || draining.stream().noneMatch(session -> session < client.session);
  }

  // ---- requests

  void submit(long session, BlockRequest request) {
    ClientRequest client = new ClientRequest(request, session);
    unfinished.merge(session, 1, Integer::sum);
    if (ended) {
      discard(request);
      answer(client, Status.SHUT_DOWN, null);
      return;
    }
    Status refusal = refusal(request);
    if (refusal != Status.OK) {
      discard(request);
      answer(client, refusal, null);
    } else if (!heldBack.isEmpty() || !mayStart(client)) {
      heldBack.add(client);
    } else {
      start(client);
    }
  }

  private Status refusal(BlockRequest request) {
    if (request.kind() == Kind.FLUSH) {
      return Status.OK;
    }
    long size = context.sizeBytes();
    long offset = request.offsetBytes();
    long length = request.lengthBytes();
    boolean fits = offset >= 0 && length > 0 && length <= size && offset <= size - length;
    return fits ? Status.OK : Status.INVALID;
  }

  private static void discard(BlockRequest request) {
    if (request.payload() != null) {
      request.payload().release();
    }
  }

  private void start(ClientRequest client) {
    switch (client.request.kind()) {
      case READ -> startRead(client);
      case WRITE -> startWrite(client);
      case TRIM, ZERO -> startRange(client);
      case FLUSH -> flushes.flush(status -> answer(client, status, null));
    }
  }

  void pump() {
    while (!heldBack.isEmpty() && mayStart(heldBack.peek())) {
      start(heldBack.poll());
    }
    for (WriteOp op : writes.lockWhatIsFree()) {
      Edge edge = edges.remove(op);
      if (edge == null) {
        writes.ready(op);
      } else {
        readEdge(op, edge);
      }
    }
  }

  // ---- reads

  private void startRead(ClientRequest client) {
    long offset = client.request.offsetBytes();
    int length = Math.toIntExact(client.request.lengthBytes());
    long first = offset / BLOCK_BYTES;
    long end = (offset + length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    Assembly assembly = new Assembly(client, offset, context.pool().lease(length));
    int parts = (int) ((end - first + PART_BLOCKS_MAX - 1) / PART_BLOCKS_MAX);
    client.partsAdded(parts);
    for (long from = first; from < end; from += PART_BLOCKS_MAX) {
      int count = (int) Math.min(PART_BLOCKS_MAX, end - from);
      reads.read(from, count, assembly);
    }
  }

  /** Puts the parts of a read together. */
  private final class Assembly implements ReadPath.Callback {
    private final ClientRequest client;
    private final long offset;
    private final Payload whole;

    Assembly(ClientRequest client, long offset, Payload whole) {
      this.client = client;
      this.offset = offset;
      this.whole = whole;
    }

    @Override
    public void done(Status status, BlockRun run) {
      if (run != null) {
        copy(run);
        run.release();
      }
      if (client.partDone(status)) {
        if (client.status() == Status.OK) {
          answer(client, Status.OK, whole);
        } else {
          whole.release();
          answer(client, client.status(), null);
        }
      }
    }

    private void copy(BlockRun run) {
      ByteBuffer out = whole.view();
      int data = 0;
      for (int i = 0; i < run.count(); i++) {
        long blockStart = (run.firstBlock() + i) * BLOCK_BYTES;
        int from = (int) Math.max(0, offset - blockStart);
        int to = (int) Math.min(BLOCK_BYTES, offset + whole.lengthBytes() - blockStart);
        int at = (int) (blockStart + from - offset);
        if (run.kinds()[i] == BlockKind.DATA) {
          out.put(at, run.payload().view(data * BLOCK_BYTES, BLOCK_BYTES), from, to - from);
          data++;
        } else {
          zero(out, at, to - from);
        }
      }
    }
  }

  private static final byte[] ZEROS = new byte[BLOCK_BYTES];

  private static void zero(ByteBuffer out, int at, int length) {
    out.put(at, ZEROS, 0, length);
  }

  // ---- writes

  private void startWrite(ClientRequest client) {
    Payload payload = client.request.payload();
    List<WriteOp> ops = new ArrayList<>();
    long position = client.request.offsetBytes();
    long end = position + client.request.lengthBytes();
    while (position < end) {
      long block = position / BLOCK_BYTES;
      int inBlock = (int) (position % BLOCK_BYTES);
      int at = (int) (position - client.request.offsetBytes());
      long wholeBlocks =
          inBlock == 0 ? Math.min(PART_BLOCKS_MAX, (end - position) / BLOCK_BYTES) : 0;
      int length;
      if (wholeBlocks > 0) {
        length = (int) wholeBlocks * BLOCK_BYTES;
        WriteOp op = new WriteOp(client, block, wholeBlocks);
        op.fill(payload.slice(at, length));
        ops.add(op);
      } else {
        length = (int) Math.min(BLOCK_BYTES - inBlock, end - position);
        ops.add(partial(client, block, payload.slice(at, length), inBlock));
      }
      position += length;
    }
    payload.release();
    submitAll(client, ops);
  }

  private WriteOp partial(ClientRequest client, long block, Payload bytes, int inBlock) {
    WriteOp op = new WriteOp(client, block, 1, true);
    edges.put(op, new Edge(bytes, inBlock));
    return op;
  }

  private void submitAll(ClientRequest client, List<WriteOp> ops) {
    client.partsAdded(ops.size());
    ops.forEach(writes::submit);
  }

  private void readEdge(WriteOp op, Edge edge) {
    reads.read(
        op.firstBlock,
        1,
        (status, run) -> {
          if (status != Status.OK) {
            edge.bytes.release();
            writes.abandon(op, status);
            return;
          }
          Payload block = context.pool().lease(BLOCK_BYTES);
          ByteBuffer out = block.view();
          if (run.kinds()[0] == BlockKind.DATA) {
            out.put(0, run.payload().view(), 0, BLOCK_BYTES);
          } else {
            zero(out, 0, BLOCK_BYTES);
          }
          out.put(edge.offsetInBlock, edge.bytes.view(), 0, edge.bytes.lengthBytes());
          run.release();
          edge.bytes.release();
          op.fill(block);
          writes.ready(op);
        });
  }

  // ---- trims and zeroes

  /**
   * Whole blocks become one range; the ragged ends of a zero are written, those of a trim are left.
   */
  private void startRange(ClientRequest client) {
    long offset = client.request.offsetBytes();
    long end = offset + client.request.lengthBytes();
    long first = (offset + BLOCK_BYTES - 1) / BLOCK_BYTES;
    long last = end / BLOCK_BYTES;
    boolean lastBlockOfVolume = end == context.sizeBytes();
    if (lastBlockOfVolume) {
      last = (end + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }
    List<WriteOp> ops = new ArrayList<>();
    if (last > first) {
      ops.add(new WriteOp(client, first, last - first));
    }
    if (client.request.kind() == Kind.ZERO) {
      addZeroEdges(client, ops, offset, end, first, last);
    }
    if (ops.isEmpty()) {
      answer(client, Status.OK, null);
    } else {
      submitAll(client, ops);
    }
  }

  private void addZeroEdges(
      ClientRequest client, List<WriteOp> ops, long offset, long end, long first, long last) {
    long headEnd = Math.min(end, first * BLOCK_BYTES);
    if (offset < headEnd) {
      ops.add(zeros(client, offset, headEnd));
    }
    long tailStart = Math.max(last, first) * BLOCK_BYTES;
    if (tailStart < end && tailStart >= headEnd) {
      ops.add(zeros(client, tailStart, end));
    }
  }

  private WriteOp zeros(ClientRequest client, long from, long to) {
    Payload bytes = Payload.unpooled(ByteBuffer.allocate((int) (to - from)));
    return partial(client, from / BLOCK_BYTES, bytes, (int) (from % BLOCK_BYTES));
  }

  // ---- ends

  /** A part of a write is over. */
  void writeDone(WriteOp op, Status status) {
    Edge edge = edges.remove(op);
    if (edge != null) {
      edge.bytes.release();
    }
    ClientRequest client = op.client;
    if (!client.partDone(status)) {
      return;
    }
    if (client.status() == Status.OK && client.request.fua()) {
      flushes.flush(synced -> answer(client, synced, null));
    } else {
      answer(client, client.status(), null);
    }
  }

  private void answer(ClientRequest client, Status status, Payload data) {
    int left = unfinished.merge(client.session, -1, Integer::sum);
    if (left == 0) {
      unfinished.remove(client.session);
      draining.remove(client.session);
    }
    context.effects().complete(client.request, status, data);
  }

  /** Answers whatever waits, and everything to come, with SHUT_DOWN. */
  void failAll() {
    ended = true;
    while (!heldBack.isEmpty()) {
      ClientRequest client = heldBack.poll();
      discard(client.request);
      answer(client, Status.SHUT_DOWN, null);
    }
  }
}
