package io.ashlar.protocol;

import io.ashlar.block.BlockRequest.Status;
import io.ashlar.model.Version;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * The way of a write through the coordinator: queued until its blocks are free, issued with
 * versions in order, sent to every member at once, acknowledged when all required members have
 * applied it, forgotten when the watermark passes it. Loop thread only.
 *
 * <pre>
 *   queued -> (blocks free) locked -> (bytes complete) ready -> (allowed, space) issued -> acknowledged
 *                                                                  \-> applied by all required: watermark
 * </pre>
 */
final class WritePipeline {
  /** Versions above the watermark; bounds what a member can hold that others lack (the tail). */
  static final long TAIL_VERSIONS_MAX = 16_384;

  /** What happens with a part of a request that has come to its end. */
  interface Finished {
    void done(WriteOp op, Status status);
  }

  private final CoordinatorContext context;
  private final Finished finished;

  private final Deque<WriteOp> queued = new ArrayDeque<>();
  private final BlockLocks locks = new BlockLocks();
  private final Deque<WriteOp> ready = new ArrayDeque<>();
  private final Deque<WriteOp> inFlight = new ArrayDeque<>();

  /** Connection on which each slot gets the stream; -1 if it has to be brought up to date first. */
  private final long[] feeding = new long[64];

  private long sequence;
  private long lastVersion;
  private long watermark;
  private long inFlightVersions;

  /** Required members at the last look at everything in flight. */
  private long checkedMask;

  /** Something has changed since that look which may let an op go on that has its answers. */
  private boolean recheckDue;

  WritePipeline(CoordinatorContext context, Finished finished) {
    this.context = context;
    this.finished = finished;
    Arrays.fill(feeding, -1);
  }

  /** Everything at or below is applied at all required members. */
  long watermark() {
    return watermark;
  }

  /** Highest version given out. */
  long lastVersion() {
    return lastVersion;
  }

  /** Next version that would be given out: where a new target enters the stream. */
  long nextVersion() {
    return Version.of(context.epoch(), sequence + 1);
  }

  boolean nothingIssued() {
    return sequence == 0;
  }

  boolean sequenceUsedUp() {
    return sequence >= Version.SEQUENCE_MAX;
  }

  /** Nothing is issued and not applied everywhere. */
  boolean drained() {
    return inFlight.isEmpty();
  }

  boolean idle() {
    return inFlight.isEmpty() && queued.isEmpty() && ready.isEmpty();
  }

  int inFlightCount() {
    return inFlight.size();
  }

  /** The first versions of an epoch that has just begun to serve: all older ones are settled. */
  void startServing() {
    watermark = Math.max(watermark, Version.of(context.epoch(), sequence));
    lastVersion = Math.max(lastVersion, watermark);
  }

  /**
   * The op in flight that has given this version to the block, or null if that write is
   * acknowledged.
   */
  WriteOp unacknowledged(long block, long version) {
    WriteOp holder = locks.holder(block);
    boolean its = holder != null && holder.issued() && holder.versionOf(block) == version;
    return its ? holder : null;
  }

  void submit(WriteOp op) {
    queued.add(op);
  }

  /** Takes every op whose blocks are free out of the queue; the caller completes partial ones. */
  List<WriteOp> lockWhatIsFree() {
    if (queued.isEmpty()) {
      return List.of();
    }
    List<WriteOp> locked = new ArrayList<>();
    List<WriteOp> waiting = new ArrayList<>();
    Iterator<WriteOp> ops = queued.iterator();
    while (ops.hasNext()) {
      WriteOp op = ops.next();
      if (locks.free(op) && !overlapsAny(op, waiting)) {
        ops.remove();
        locks.hold(op);
        locked.add(op);
      } else {
        waiting.add(op);
      }
    }
    return locked;
  }

  private static boolean overlapsAny(WriteOp op, List<WriteOp> others) {
    for (int i = 0; i < others.size(); i++) {
      if (op.overlaps(others.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** The op holds its blocks and its bytes are complete. */
  void ready(WriteOp op) {
    ready.add(op);
  }

  /** Gives up an op that was not issued. */
  void abandon(WriteOp op, Status status) {
    locks.release(op);
    op.release();
    finished.done(op, status);
  }

  /** Issues what may be issued. */
  void pump() {
    feedReconnected();
    while (!ready.isEmpty() && context.mayIssue()) {
      WriteOp op = ready.peek();
      if (inFlightVersions + op.versions() > TAIL_VERSIONS_MAX && inFlightVersions > 0) {
        return;
      }
      switch (space(op)) {
        case WAIT -> {
          return;
        }
        case NONE -> {
          ready.poll();
          abandon(op, Status.NO_SPACE);
        }
        case ENOUGH -> {
          ready.poll();
          issue(op);
        }
      }
    }
  }

  private enum Space {
    ENOUGH,
    WAIT,
    NONE
  }

  /**
   * Whether every member has promised the space. A member that is short is asked once more; if its
   * answer shows no room then there is none, since it grants ahead of use whenever it can. What
   * needs no space is never refused: what was sent again after a reconnection may have used more
   * than was promised, and trims are what makes room.
   */
  private Space space(WriteOp op) {
    if (op.creditBlocks() == 0) {
      return Space.ENOUGH;
    }
    Space space = Space.ENOUGH;
    for (MemberLink member : context.members().all()) {
      boolean counts = (context.streamMask() & member.bit()) != 0 && member.usable(context.epoch());
      if (!counts || member.creditBlocks() >= op.creditBlocks()) {
        continue;
      }
      if (!member.refusedSpace(op)) {
        member.askSpace(op);
        space = Space.WAIT;
      } else if ((context.requiredMask() & member.bit()) != 0) {
        return Space.NONE;
      } else {
        context.targetFailed(member, "no space");
      }
    }
    return space;
  }

  private void issue(WriteOp op) {
    long first = Version.of(context.epoch(), sequence + 1);
    sequence += op.versions();
    op.issue(first, context.sealer());
    lastVersion = op.lastVersion();
    inFlight.add(op);
    inFlightVersions += op.versions();
    long stream = context.streamMask();
    for (MemberLink member : context.members().all()) {
      if ((stream & member.bit()) != 0 && feeds(member)) {
        send(op, member);
      }
    }
  }

  private boolean feeds(MemberLink member) {
    return member.usable(context.epoch()) && feeding[member.slot] == member.connection();
  }

  /** Puts a target into the stream from the next version on. */
  void feedFromNow(MemberLink target) {
    feeding[target.slot] = target.connection();
  }

  /** A member on a new connection gets again whatever it may have missed, then the stream. */
  private void feedReconnected() {
    for (MemberLink member : context.members().all()) {
      boolean wants =
          (context.requiredMask() & member.bit()) != 0 && member.usable(context.epoch());
      if (wants && feeding[member.slot] != member.connection()) {
        feeding[member.slot] = member.connection();
        for (WriteOp op : inFlight) {
          if ((op.appliedMask & member.bit()) == 0) {
            send(op, member);
          }
        }
      }
    }
  }

  private void send(WriteOp op, MemberLink member) {
    member.spend(op.creditBlocks());
    member.ask(
        op.frame(context.members().nextRequest(), context.epoch(), watermark),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            answeredWrite(op, member, answer, now);
          }

          @Override
          public void lost() {}
        },
        context.now());
  }

  private void answeredWrite(WriteOp op, MemberLink member, Message answer, long now) {
    if (!(answer instanceof Done done)) {
      feeding[member.slot] = -1;
      context.members().refused(member, answer, now);
      return;
    }
    switch (done.outcome()) {
      case OK -> {
        op.appliedMask |= member.bit();
        member.applied(op.lastVersion());
        advance(op);
      }
      case FAILED -> context.memberFailed(member);
      case NO_SPACE, REFUSED -> {
        if ((context.requiredMask() & member.bit()) != 0) {
          context.memberFailed(member);
        } else {
          context.targetFailed(member, "live frame answered " + done.outcome());
        }
      }
    }
  }

  private void advance(WriteOp op) {
    acknowledgeIfDone(op);
    WriteOp head = inFlight.peek();
    while (head != null && head.acknowledged() && applied(head)) {
      inFlight.poll();
      inFlightVersions -= head.versions();
      watermark = head.lastVersion();
      head.release();
      head = inFlight.peek();
    }
  }

  private boolean applied(WriteOp op) {
    long required = context.requiredMask();
    recheckDue |= required != checkedMask;
    return (op.appliedMask & required) == required;
  }

  private void acknowledgeIfDone(WriteOp op) {
    if (op.acknowledged() || !applied(op)) {
      return;
    }
    if (context.mayAcknowledge()) {
      op.acknowledge();
      locks.release(op);
      List<Runnable> parked = List.copyOf(op.parkedReads);
      op.parkedReads.clear();
      finished.done(op, Status.OK);
      parked.forEach(Runnable::run);
    } else {
      recheckDue = true;
    }
  }

  /**
   * Who is required, or whether anything may be acknowledged, has perhaps changed. Each answer is
   * looked at when it comes, so there is nothing to find here unless somebody else is required than
   * at the last look, something was applied without an answer, or an op was held back.
   */
  void recheck() {
    long required = context.requiredMask();
    if (required == checkedMask && !recheckDue) {
      return;
    }
    checkedMask = required;
    recheckDue = false;
    for (WriteOp op : List.copyOf(inFlight)) {
      acknowledgeIfDone(op);
    }
    if (!inFlight.isEmpty()) {
      advance(inFlight.peek());
    }
  }

  /** Everything issued is applied at all required members and at this one too. */
  boolean appliedBy(long mask, long belowVersion) {
    for (WriteOp op : inFlight) {
      if (op.version() < belowVersion && (op.appliedMask & mask) != mask) {
        return false;
      }
    }
    return true;
  }

  /**
   * A target has joined: whatever was issued before it entered the stream came to it with the
   * delta.
   */
  void joined(MemberLink target, long liveFrom) {
    recheckDue = true;
    for (WriteOp op : inFlight) {
      if (op.version() < liveFrom) {
        op.appliedMask |= target.bit();
      }
    }
  }

  /** Slots that belong to nobody any more must not vouch for their next owner. */
  void forget(long freedMask) {
    recheckDue = true;
    for (WriteOp op : inFlight) {
      op.appliedMask &= ~freedMask;
    }
    for (int slot = 0; slot < feeding.length; slot++) {
      if ((freedMask & 1L << slot) != 0) {
        feeding[slot] = -1;
      }
    }
  }

  /** Drops what a session has asked for and what was not issued yet. */
  void dropSession(long session) {
    dropFrom(queued, session, false);
    dropFrom(ready, session, true);
  }

  private void dropFrom(Deque<WriteOp> ops, long session, boolean locked) {
    for (WriteOp op : List.copyOf(ops)) {
      if (op.client.session == session) {
        ops.remove(op);
        if (locked) {
          locks.release(op);
        }
        op.release();
        finished.done(op, Status.SHUT_DOWN);
      }
    }
  }

  /** Ends everything without knowing what became of it. */
  void failAll() {
    List<WriteOp> all = new ArrayList<>(queued);
    all.addAll(ready);
    all.addAll(inFlight);
    queued.clear();
    ready.clear();
    inFlight.clear();
    locks.clear();
    for (WriteOp op : all) {
      List<Runnable> parked = List.copyOf(op.parkedReads);
      op.parkedReads.clear();
      op.release();
      if (!op.acknowledged()) {
        finished.done(op, Status.SHUT_DOWN);
      }
      parked.forEach(Runnable::run);
    }
  }
}
