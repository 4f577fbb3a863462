package io.ashlar.protocol;

import io.ashlar.block.BlockRequest.Status;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Release;

/**
 * The way out of a coordinator that has nothing to do any more: flush, then give every lease back
 * and let the members mark themselves closed; after that the record may be left. Loop thread only.
 */
final class Departure {
  private final CoordinatorContext context;
  private final WritePipeline writes;
  private boolean flushAsked;
  private boolean flushed;
  private long askedMask;
  private long releasedMask;

  Departure(CoordinatorContext context, WritePipeline writes) {
    this.context = context;
    this.writes = writes;
  }

  /** Goes on; true once every required member has been released. */
  boolean pump(FlushPath flushes) {
    if (!flushAsked) {
      flushAsked = true;
      flushes.flush(status -> flushed = status == Status.OK);
    }
    if (flushed) {
      releaseAll();
    }
    return flushed && (context.requiredMask() & ~releasedMask) == 0;
  }

  /** From the first release on a member may be closed: there is no way back but a new seal. */
  boolean begunToRelease() {
    return askedMask != 0;
  }

  private void releaseAll() {
    for (MemberLink member : context.members().all()) {
      boolean wanted = (context.requiredMask() & ~askedMask & member.bit()) != 0;
      if (wanted && member.usable(context.epoch())) {
        askedMask |= member.bit();
        release(member);
      }
    }
  }

  private void release(MemberLink member) {
    member.dropLease();
    member.ask(
        new Release(context.members().nextRequest(), context.epoch(), writes.watermark(), true),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            if (answer instanceof Done done && done.outcome() == Outcome.OK) {
              releasedMask |= member.bit();
            } else if (answer instanceof Done) {
              context.memberFailed(member);
            } else {
              context.members().refused(member, answer, now);
            }
          }

          @Override
          public void lost() {
            askedMask &= ~member.bit();
          }
        },
        context.now());
  }
}
