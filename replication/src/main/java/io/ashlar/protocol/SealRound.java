package io.ashlar.protocol;

import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.View;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Pending;
import io.ashlar.wire.Message.Seal;
import io.ashlar.wire.Message.Sealed;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Asks members for their promise of one epoch until each of them has answered on its present
 * connection. Loop thread only.
 */
final class SealRound {
  private final Members members;
  private final CoordinatorRef self;
  private final View view;
  private final boolean wantTail;

  /** Connection on which each member was asked last, or has answered. */
  private final Map<Long, Long> askedOn = new TreeMap<>();

  private final Map<Long, Long> askAgainAt = new TreeMap<>();
  private final Map<Long, Sealed> answers = new TreeMap<>();
  private final Map<Long, Long> pendingUntil = new TreeMap<>();

  SealRound(Members members, CoordinatorRef self, View view, boolean wantTail) {
    this.members = members;
    this.self = self;
    this.view = view;
    this.wantTail = wantTail;
  }

  int epoch() {
    return view.epoch();
  }

  /** Asks whoever of the mask has not been asked on its present connection. */
  void ask(long mask, long now) {
    for (MemberLink member : members.all()) {
      boolean asked = (mask & member.bit()) != 0 && member.isWelcomed() && !member.failed();
      if (asked && due(member, now)) {
        askOne(member, now);
      }
    }
  }

  private boolean due(MemberLink member, long now) {
    long replica = member.member().replica();
    if (askedOn.getOrDefault(replica, -1L) != member.connection()) {
      return true;
    }
    Long again = askAgainAt.get(replica);
    return again != null && now >= again;
  }

  private void askOne(MemberLink member, long now) {
    long replica = member.member().replica();
    long connection = member.connection();
    askedOn.put(replica, connection);
    askAgainAt.remove(replica);
    answers.remove(replica);
    member.ask(
        new Seal(members.nextRequest(), view.epoch(), view, Optional.of(self), wantTail),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long at) {
            take(member, answer, at);
          }

          @Override
          public void lost() {
            answers.remove(replica);
          }
        },
        now);
  }

  private void take(MemberLink member, Message answer, long now) {
    long replica = member.member().replica();
    switch (answer) {
      case Sealed sealed when sealed.epoch() == view.epoch() -> {
        member.promised(sealed.epoch(), sealed.clean(), sealed.whole(), sealed.attempt());
        answers.put(replica, sealed);
        pendingUntil.remove(replica);
      }
      case Pending pending -> {
        askAgainAt.put(replica, now + pending.afterNanos());
        pendingUntil.put(replica, now + pending.afterNanos());
      }
      default -> members.refused(member, answer, now);
    }
  }

  /** Whether all of the mask have answered, each on the connection it has now. */
  boolean answeredBy(long mask) {
    for (MemberLink member : members.all()) {
      boolean missing = (mask & member.bit()) != 0 && !answered(member);
      if (missing) {
        return false;
      }
    }
    return true;
  }

  boolean answered(MemberLink member) {
    long replica = member.member().replica();
    return answers.containsKey(replica)
        && member.isWelcomed()
        && askedOn.get(replica) == member.connection();
  }

  Sealed answer(MemberLink member) {
    return answers.get(member.member().replica());
  }

  /** What the operator reads while leases run out. */
  String waitingFor(long mask, long now) {
    StringBuilder text = new StringBuilder();
    for (MemberLink member : members.all()) {
      if ((mask & member.bit()) != 0 && !answered(member)) {
        Long until = pendingUntil.get(member.member().replica());
        text.append(text.isEmpty() ? "" : ", ").append(member.member().node());
        if (!member.isWelcomed()) {
          text.append(" (unreachable)");
        } else if (until != null) {
          text.append(
              String.format(" (old lease for %s ms)", Math.max(0, until - now) / 1_000_000));
        }
      }
    }
    return text.toString();
  }
}
