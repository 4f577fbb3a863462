package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockDevice.Run;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.node.frontend.nbd.Exports.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests of one connection, which is one session of the device. A request counts as in flight
 * until its answer has left; with too many of them, or of their bytes, no more are taken. A length
 * is checked before any buffer is taken for it, and a large write is handed on piece by piece as it
 * arrives: what is only announced costs nothing. Loop thread only.
 */
final class Transmission implements NbdConnection.Phase {
  private static final int REQUESTS_MAX = 128;

  /** One request more is taken below it, so twice this at most is held for a connection. */
  private static final long BYTES_MAX = Nbd.PAYLOAD_BYTES_MAX;

  /** Longest range asked of the device at once for a block status, which may answer less. */
  private static final long STATUS_BYTES_MAX = 1L << 30;

  private static final int STATUS_RUNS_MAX = 4096;

  /** What a write is cut into; the coordinator would cut it in the same way. */
  private static final int PIECE_BYTES = 1 << 20;

  private final NbdConnection connection;
  private final Replies replies;
  private final PayloadPool pool;
  private final MemoryBudget budget;
  private final BlockDevice device;
  private final boolean readOnly;
  private final boolean allocation;
  private final long session;
  private final ByteBuf header = Unpooled.buffer(Nbd.REQUEST_BYTES, Nbd.REQUEST_BYTES);

  private PieceWrite writing;
  private Payload payload;
  private ByteBuffer missing;
  private long skipping;
  private int requests;
  private long bytes;
  private boolean draining;
  private boolean lost;

  Transmission(
      NbdConnection connection,
      Replies replies,
      PayloadPool pool,
      MemoryBudget budget,
      Export export,
      boolean allocation) {
    this.connection = connection;
    this.replies = replies;
    this.pool = pool;
    this.budget = budget;
    this.device = export.device();
    this.readOnly = export.readOnly();
    this.allocation = allocation;
    this.session = device.openSession();
  }

  @Override
  public boolean ready() {
    return missing != null || (requests < REQUESTS_MAX && bytes < BYTES_MAX && budget.hasRoom());
  }

  @Override
  public void take(ByteBuf in) {
    if (skipping > 0) {
      int skipped = (int) Math.min(skipping, in.readableBytes());
      in.skipBytes(skipped);
      skipping -= skipped;
    } else if (missing != null) {
      fill(in);
    } else {
      header.writeBytes(in, Math.min(in.readableBytes(), header.writableBytes()));
      if (!header.isWritable()) {
        NbdRequest request = NbdRequest.read(header);
        header.clear();
        start(request);
      }
    }
  }

  private void fill(ByteBuf in) {
    int length = Math.min(in.readableBytes(), missing.remaining());
    ByteBuffer into = missing.slice(missing.position(), length);
    in.readBytes(into);
    missing.position(missing.position() + length);
    if (!missing.hasRemaining()) {
      Payload data = payload;
      payload = null;
      missing = null;
      writing.submit(data);
      nextPiece();
    }
  }

  private void nextPiece() {
    int length = (int) Math.min(PIECE_BYTES, writing.left());
    if (length > 0) {
      payload = writing.lease(pool, length);
      missing = payload.view();
    }
  }

  private void start(NbdRequest request) {
    if (request.magic() != Nbd.REQUEST_MAGIC) {
      connection.violated("wrong magic of a request");
      return;
    }
    if (request.type() == Nbd.CMD_DISC) {
      drain();
      return;
    }
    begin(request);
    int refusal = refusal(request);
    if (refusal != Nbd.OK) {
      skipping = request.payloadBytes();
      refuse(request, refusal, "refused");
    } else if (request.lengthBytes() == 0 && request.type() != Nbd.CMD_FLUSH) {
      finish(request, replies.done(request.cookie()));
    } else {
      serve(request);
    }
  }

  /** Why a request is not even started, or OK. */
  private int refusal(NbdRequest request) {
    if (draining) {
      return Nbd.ESHUTDOWN;
    }
    if (!request.flagsAreKnown(replies.structured())) {
      return Nbd.EINVAL;
    }
    if (readOnly && request.changes()) {
      return Nbd.EPERM;
    }
    boolean fits = request.fits(device.geometry().sizeBytes());
    boolean payloadFits = request.lengthBytes() <= Nbd.PAYLOAD_BYTES_MAX;
    return switch (request.type()) {
      case Nbd.CMD_READ ->
          fits && payloadFits && (request.lengthBytes() > 0 || !replies.structured())
              ? Nbd.OK
              : Nbd.EINVAL;
      case Nbd.CMD_WRITE -> !payloadFits ? Nbd.EINVAL : fits ? Nbd.OK : Nbd.ENOSPC;
      case Nbd.CMD_TRIM, Nbd.CMD_WRITE_ZEROES -> fits ? Nbd.OK : Nbd.ENOSPC;
      case Nbd.CMD_FLUSH -> Nbd.OK;
      case Nbd.CMD_BLOCK_STATUS ->
          allocation && fits && request.lengthBytes() > 0 ? Nbd.OK : Nbd.EINVAL;
      default -> Nbd.EINVAL;
    };
  }

  private void serve(NbdRequest request) {
    switch (request.type()) {
      case Nbd.CMD_READ -> submit(request, Kind.READ, null);
      case Nbd.CMD_WRITE -> {
        writing =
            new PieceWrite(
                device, session, request, budget, status -> completed(request, status, null));
        nextPiece();
      }
      case Nbd.CMD_FLUSH -> submit(request, Kind.FLUSH, null);
      case Nbd.CMD_TRIM -> submit(request, Kind.TRIM, null);
      case Nbd.CMD_WRITE_ZEROES -> zero(request);
      case Nbd.CMD_BLOCK_STATUS -> status(request);
      default -> throw new IllegalStateException("request " + request + " was not refused");
    }
  }

  private void zero(NbdRequest request) {
    if (request.has(Nbd.FLAG_NO_HOLE)) {
      new ZeroWriter(device, session, pool, status -> completed(request, status, null))
          .write(request.offset(), request.lengthBytes(), request.has(Nbd.FLAG_FUA));
    } else {
      submit(request, Kind.ZERO, null);
    }
  }

  /** Takes over the payload. A flush says nothing of a range, whatever the client put there. */
  private void submit(NbdRequest request, Kind kind, Payload data) {
    boolean ranged = kind != Kind.FLUSH;
    device.submit(
        session,
        new BlockRequest(
            kind,
            ranged ? request.offset() : 0,
            ranged ? request.lengthBytes() : 0,
            request.has(Nbd.FLAG_FUA),
            data,
            (status, result) -> completed(request, status, result)));
  }

  private void status(NbdRequest request) {
    long length = Math.min(request.lengthBytes(), STATUS_BYTES_MAX);
    device.mapped(
        session,
        request.offset(),
        length,
        (status, runs) -> {
          if (status != Status.OK) {
            completed(request, status, null);
          } else {
            int count = request.has(Nbd.FLAG_REQ_ONE) ? 1 : STATUS_RUNS_MAX;
            List<Run> told = new ArrayList<>(runs.subList(0, Math.min(count, runs.size())));
            finish(request, replies.status(request.cookie(), told));
          }
        });
  }

  private void completed(NbdRequest request, Status status, Payload data) {
    if (status != Status.OK) {
      refuse(request, errorOf(status), status.toString());
    } else if (data != null) {
      finish(request, replies.data(request.cookie(), request.offset(), data));
    } else {
      finish(request, replies.done(request.cookie()));
    }
  }

  private static int errorOf(Status status) {
    return switch (status) {
      case OK -> Nbd.OK;
      case IO_ERROR -> Nbd.EIO;
      case NO_SPACE -> Nbd.ENOSPC;
      case INVALID -> Nbd.EINVAL;
      case SHUT_DOWN -> Nbd.ESHUTDOWN;
    };
  }

  private void refuse(NbdRequest request, int error, String message) {
    finish(request, replies.error(request.cookie(), error, message));
  }

  private void begin(NbdRequest request) {
    requests++;
    bytes += heldBytes(request);
    budget.take(readBytes(request));
  }

  private void finish(NbdRequest request, ChannelFuture sent) {
    sent.addListener(
        ignored -> {
          requests--;
          bytes -= heldBytes(request);
          budget.giveBack(readBytes(request));
          if (draining && requests == 0) {
            connection.closeAfterReplies();
          } else {
            connection.pump();
          }
        });
  }

  /** What a request may keep in memory: its payload, one way or the other. */
  private static long heldBytes(NbdRequest request) {
    boolean carries = request.type() == Nbd.CMD_READ || request.type() == Nbd.CMD_WRITE;
    return carries ? Math.min(request.lengthBytes(), Nbd.PAYLOAD_BYTES_MAX) : 0;
  }

  /** What of it the common budget knows; a write counts there piece by piece. */
  private static long readBytes(NbdRequest request) {
    return request.type() == Nbd.CMD_READ ? heldBytes(request) : 0;
  }

  @Override
  public boolean owed() {
    return missing != null || skipping > 0 || header.isReadable();
  }

  @Override
  public void drain() {
    draining = true;
    if (requests == 0) {
      connection.closeAfterReplies();
    }
  }

  /** Gives back a payload that never became complete; the device forgets what waits. */
  @Override
  public void lost() {
    if (!lost) {
      lost = true;
      if (payload != null) {
        payload.release();
        payload = null;
        missing = null;
        writing.abandon();
      }
      device.endSession(session);
    }
  }
}
