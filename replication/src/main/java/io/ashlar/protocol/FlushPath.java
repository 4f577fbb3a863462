package io.ashlar.protocol;

import io.ashlar.block.BlockRequest.Status;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Sync;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Flushes: every required member makes durable what it has applied. Requests that come while one is
 * under way share the next one. Loop thread only.
 */
final class FlushPath {
  /** Receives the outcome. */
  interface Callback {
    void done(Status status);
  }

  private final CoordinatorContext context;
  private final WritePipeline writes;
  private final List<Callback> next = new ArrayList<>();

  private List<Callback> current = List.of();
  private long syncedMask;

  /** Connection on which each slot was asked for the current flush. */
  private final Map<Integer, Long> askedOn = new HashMap<>();

  private long round;

  FlushPath(CoordinatorContext context, WritePipeline writes) {
    this.context = context;
    this.writes = writes;
  }

  /** Makes everything acknowledged so far durable. */
  void flush(Callback done) {
    next.add(done);
  }

  boolean idle() {
    return current.isEmpty() && next.isEmpty();
  }

  void pump() {
    if (current.isEmpty() && !next.isEmpty()) {
      current = List.copyOf(next);
      next.clear();
      syncedMask = 0;
      askedOn.clear();
      round++;
    }
    if (!current.isEmpty()) {
      ask();
      completeIfDone();
    }
  }

  private void ask() {
    for (MemberLink member : context.members().all()) {
      boolean wanted =
          (context.requiredMask() & ~syncedMask & member.bit()) != 0
              && member.usable(context.epoch())
              && askedOn.getOrDefault(member.slot, -1L) != member.connection();
      if (wanted) {
        askedOn.put(member.slot, member.connection());
        askOne(member, round);
      }
    }
  }

  private void askOne(MemberLink member, long forRound) {
    member.ask(
        new Sync(context.members().nextRequest(), context.epoch(), writes.watermark()),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            if (answer instanceof Done done && done.outcome() == Outcome.OK) {
              if (forRound == round) {
                syncedMask |= member.bit();
              }
            } else if (answer instanceof Done) {
              context.memberFailed(member);
            } else {
              askedOn.remove(member.slot);
              context.members().refused(member, answer, now);
            }
          }

          @Override
          public void lost() {}
        },
        context.now());
  }

  private void completeIfDone() {
    long required = context.requiredMask();
    if ((syncedMask & required) == required && context.mayAcknowledge()) {
      finish(Status.OK);
    }
  }

  private void finish(Status status) {
    List<Callback> done = current;
    current = List.of();
    done.forEach(callback -> callback.done(status));
  }

  /** Slots that belong to nobody any more. */
  void forget(long freedMask) {
    syncedMask &= ~freedMask;
  }

  void failAll() {
    finish(Status.SHUT_DOWN);
    current = List.copyOf(next);
    next.clear();
    finish(Status.SHUT_DOWN);
  }
}
