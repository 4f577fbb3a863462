package io.ashlar.sim;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.runtime.VolumeCoordinator;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A program on the node where the volume is attached: random reads, writes, trims, zeroes and
 * flushes, a few at a time, all noted in the history. Every write has a stamp of its own, repeated
 * all over each unit, so that a torn or mixed unit shows. A unit is a block, or a sector where
 * requests need not be whole blocks.
 *
 * <p>It is the front-end too: when its session or its process is lost, it sends again whatever has
 * no answer.
 */
final class SimClient {
  /** Of a hundred requests the first ones are writes, then reads, then the rest. */
  private static final int FIRST_READ = 45;

  /** What was asked, and what has to be known to ask it again. */
  static final class Request {
    final Kind kind;
    final long firstUnit;
    final int units;
    final long stamp;
    final boolean fua;
    final boolean readsOnly;
    List<History.Op> ops = List.of();
    long start;

    Request(Kind kind, long firstUnit, int units, long stamp, boolean fua, boolean readsOnly) {
      this.kind = kind;
      this.firstUnit = firstUnit;
      this.units = units;
      this.stamp = stamp;
      this.fua = fua;
      this.readsOnly = readsOnly;
    }
  }

  private final SimCluster cluster;
  private final SimNode node;
  private final VolumeCoordinator device;
  private final SimRng rng;
  private final long life;
  private final int unitBytes;
  private final int unitsOfBlock;
  private final Set<Request> unanswered = new LinkedHashSet<>();
  private long session;
  private int sessionNumber;
  private boolean gone;

  /**
   * @param again requests of an earlier process of this node that were never answered
   */
  SimClient(
      SimCluster cluster, SimNode node, VolumeCoordinator device, SimRng rng, List<Request> again) {
    this.cluster = cluster;
    this.node = node;
    this.device = device;
    this.rng = rng;
    this.life = node.life();
    this.unitBytes = cluster.options().unitBytes();
    this.unitsOfBlock = BLOCK_BYTES / unitBytes;
    openSession();
    again.forEach(this::sendAgain);
    for (int i = 0; i < cluster.options().concurrency(); i++) {
      next(false);
    }
    next(true);
  }

  private void openSession() {
    session = device.openSession();
    sessionNumber = cluster.history().sessionOpened();
  }

  /** Requests without an answer stay without one. */
  void deviceGone() {
    gone = true;
  }

  List<Request> unanswered() {
    return List.copyOf(unanswered);
  }

  /**
   * The front-end loses its socket and comes back: of what has no answer it sends some again. The
   * rest must not take effect any more once it has had an answer.
   */
  void reconnect() {
    if (gone) {
      return;
    }
    cluster.summary().reconnects++;
    List<Request> again = new ArrayList<>();
    for (Request request : unanswered()) {
      if (rng.oneIn(3)) {
        next(request.readsOnly);
      } else {
        again.add(request);
      }
    }
    unanswered.clear();
    int lost = sessionNumber;
    sessionNumber = -1;
    device.endSession(session);
    cluster.note(node.id() + " session " + lost + " is lost, " + again.size() + " unanswered");
    openSession();
    again.forEach(this::sendAgain);
  }

  /** One read, whether or not there is a load. */
  void readBlocks(long firstBlock, int count) {
    long firstUnit = firstBlock * unitsOfBlock;
    submit(new Request(Kind.READ, firstUnit, count * unitsOfBlock, 0, false, true), sessionNumber);
  }

  private void sendAgain(Request old) {
    cluster.summary().resent++;
    submit(
        new Request(old.kind, old.firstUnit, old.units, old.stamp, old.fua, old.readsOnly),
        sessionNumber);
  }

  /** One of the client's loops goes on; the one that only reads is never stuck behind a write. */
  private void next(boolean readsOnly) {
    long pause = rng.between(0, cluster.options().thinkNanosMax());
    cluster.events().after(pause, () -> node.run(life, () -> submitOne(readsOnly)));
  }

  private void submitOne(boolean readsOnly) {
    if (!gone && cluster.loadOn()) {
      submit(make(readsOnly), sessionNumber);
    }
  }

  // ---- what is asked

  private Request make(boolean readsOnly) {
    int kind = readsOnly ? FIRST_READ : rng.nextInt(100);
    if (kind < FIRST_READ && cluster.makesRoom() && rng.oneIn(3)) {
      return trimOfAnExtent();
    }
    if (kind < FIRST_READ) {
      return request(Kind.WRITE, cluster.nextStamp(), rng.oneIn(20), false);
    }
    if (kind < 85) {
      return request(Kind.READ, 0, false, readsOnly);
    }
    if (kind < 92) {
      return request(kind < 89 ? Kind.TRIM : Kind.ZERO, 0, false, false);
    }
    return new Request(Kind.FLUSH, 0, 0, 0, false, false);
  }

  private Request request(Kind kind, long stamp, boolean fua, boolean readsOnly) {
    long first = cluster.pickBlock(rng) * unitsOfBlock + rng.nextInt(unitsOfBlock);
    long end = (long) cluster.options().blocks() * unitsOfBlock;
    int most = (int) Math.min(unitsOfBlock == 1 ? 8 : 3 * unitsOfBlock, end - first);
    int units = 1 + (rng.oneIn(3) ? rng.nextInt(most) : 0);
    return new Request(kind, first, units, stamp, fua, readsOnly);
  }

  private Request trimOfAnExtent() {
    long extents = cluster.options().blocks() / EXTENT_BLOCKS;
    long first = rng.nextInt((int) extents) * (long) EXTENT_BLOCKS;
    return new Request(
        Kind.TRIM, first * unitsOfBlock, EXTENT_BLOCKS * unitsOfBlock, 0, false, false);
  }

  private void submit(Request request, int ofSession) {
    unanswered.add(request);
    request.start = cluster.events().now();
    request.ops = begin(request);
    device.submit(
        session,
        new BlockRequest(
            request.kind,
            request.firstUnit * unitBytes,
            (long) request.units * unitBytes,
            request.fua,
            request.kind == Kind.WRITE ? stamped(request) : null,
            (status, data) -> completed(request, ofSession, status, data)));
  }

  private Payload stamped(Request request) {
    Payload data = cluster.pool().lease(request.units * unitBytes);
    Stamps.fill(data.view(), unitBytes, request.stamp);
    return data;
  }

  /** A trim leaves blocks alone that it covers in part only. */
  private List<History.Op> begin(Request request) {
    long first = request.firstUnit;
    long end = first + request.units;
    switch (request.kind) {
      case READ, FLUSH -> end = first;
      case TRIM -> {
        first = (first + unitsOfBlock - 1) / unitsOfBlock * unitsOfBlock;
        end = end / unitsOfBlock * unitsOfBlock;
      }
      case WRITE, ZERO -> {}
    }
    List<History.Op> ops = new ArrayList<>();
    for (long unit = first; unit < end; unit++) {
      ops.add(cluster.history().writeBegan(unit, request.stamp, request.start, sessionNumber));
    }
    return ops;
  }

  // ---- what comes back

  private void completed(Request request, int ofSession, Status status, Payload data) {
    if (gone || ofSession != sessionNumber) {
      if (data != null) {
        data.release();
      }
      return;
    }
    unanswered.remove(request);
    if (status == Status.SHUT_DOWN) {
      gone = true;
      return;
    }
    cluster.history().answered(sessionNumber, cluster.events().now());
    switch (status) {
      case OK -> succeeded(request, data);
      case NO_SPACE -> {
        cluster.summary().noSpace++;
        changedNothing(request);
      }
      case IO_ERROR -> {
        if (!cluster.damage().mendedSince(request.start, firstBlock(request), blocks(request))) {
          throw new SimFailure(request.kind + " was answered IO_ERROR");
        }
        changedNothing(request);
      }
      case INVALID, SHUT_DOWN -> throw new SimFailure(request.kind + " was answered " + status);
    }
    next(request.readsOnly);
  }

  /** A request of one part that failed has changed nothing; of several, some may have. */
  private void changedNothing(Request request) {
    if (isOnePart(request)) {
      request.ops.forEach(op -> op.dropped = true);
    }
  }

  private void succeeded(Request request, Payload data) {
    switch (request.kind) {
      case READ -> {
        note(request, data);
        data.release();
        cluster.summary().reads++;
      }
      case FLUSH -> {
        cluster.history().flushed(request.start);
        cluster.summary().flushes++;
      }
      case WRITE, TRIM, ZERO -> {
        for (History.Op op : request.ops) {
          op.ended(cluster.events().now());
          op.durable = request.fua;
        }
        cluster.summary().writes++;
        if (!isWhole(request)) {
          cluster.summary().partialWrites++;
        }
        acknowledged(request);
      }
    }
  }

  private void note(Request request, Payload data) {
    for (int i = 0; i < request.units; i++) {
      long unit = request.firstUnit + i;
      long stamp = Stamps.of(unit, data.view(i * unitBytes, unitBytes));
      cluster.history().readDone(unit, stamp, request.start, cluster.events().now());
    }
  }

  /**
   * The write has just been acknowledged, so no later one has begun on these blocks, unless another
   * coordinator has taken over meanwhile; or the answer had to wait for a flush, or for other parts
   * of the request.
   */
  private void acknowledged(Request request) {
    boolean recorded =
        cluster.records().view().membership().names(device.self().instance()) && !request.fua;
    if (!recorded || !isOnePart(request) || request.ops.isEmpty()) {
      return;
    }
    Optional<Set<Integer>> crcs =
        request.kind == Kind.WRITE && isWhole(request)
            ? Optional.of(Stamps.crcs(request.stamp, unitBytes, cluster.options().compression()))
            : Optional.empty();
    Optional<Boolean> holdsData =
        isWhole(request) ? Optional.of(request.kind == Kind.WRITE) : Optional.empty();
    cluster.checks().acknowledged(firstBlock(request), blocks(request), holdsData, crcs);
  }

  // ---- in blocks

  private long firstBlock(Request request) {
    return request.firstUnit / unitsOfBlock;
  }

  private int blocks(Request request) {
    long end = (request.firstUnit + request.units + unitsOfBlock - 1) / unitsOfBlock;
    return (int) (end - firstBlock(request));
  }

  private boolean isWhole(Request request) {
    return request.firstUnit % unitsOfBlock == 0 && request.units % unitsOfBlock == 0;
  }

  private boolean isOnePart(Request request) {
    return isWhole(request) || blocks(request) == 1;
  }
}
