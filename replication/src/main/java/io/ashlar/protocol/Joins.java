package io.ashlar.protocol;

import io.ashlar.model.ReplicaState;
import io.ashlar.model.Version;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.FinishJoin;
import io.ashlar.wire.Message.Outcome;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Brings members that are not in sync back, one {@link Join} at a time: chooses the target, marks
 * it in the record, gives the attempt up when its target is gone. Loop thread only.
 */
final class Joins {
  private final VolumeId volume;
  private final Standing standing;
  private final RecordKeeper record;
  private final Members members;
  private final WritePipeline writes;
  private final Timing timing;
  private final CoordinatorCounters counters;

  private Optional<Join> join = Optional.empty();
  private int attempts;
  private long notBefore;

  Joins(
      VolumeId volume,
      Standing standing,
      RecordKeeper record,
      WritePipeline writes,
      Timing timing,
      CoordinatorCounters counters) {
    this.volume = volume;
    this.standing = standing;
    this.record = record;
    this.members = standing.members();
    this.writes = writes;
    this.timing = timing;
    this.counters = counters;
  }

  /** The attempt under way. */
  Optional<Join> current() {
    return join;
  }

  /** The target's slot if its attempt is like this, else 0. */
  long maskOf(Predicate<Join> which) {
    return join.filter(which).map(current -> current.target.bit()).orElse(0L);
  }

  /**
   * Goes on with the attempt, or starts one.
   *
   * @param round asks for promises of the epoch that the members have promised already
   * @return true if the target is ready to be taken into the in-sync set
   */
  boolean advance(boolean mayStart, Supplier<SealRound> round) {
    if (join.isEmpty()) {
      start(mayStart);
      return false;
    }
    Join current = join.get();
    if (current.state() == JoinState.SWAPPING) {
      return true;
    }
    if (isGone(current)) {
      current.abort("the target does not answer");
    }
    if (current.state() == JoinState.MARKING) {
      markSyncing(current);
    } else if (!current.over()) {
      current.pump(round.get());
    }
    if (current.over()) {
      finish(current);
    } else if (current.state() == JoinState.SWAPPING) {
      standing.lookAgain();
    }
    return false;
  }

  private boolean isGone(Join current) {
    return current.lostItsConnection() || current.target.troubleSince(standing.now(), timing) >= 0;
  }

  private void start(boolean mayStart) {
    if (!mayStart || standing.now() < notBefore || record.uncertain() || record.busy()) {
      return;
    }
    for (MemberLink member : members.all()) {
      boolean candidate =
          switch (member.member().state()) {
            case EMPTY, OUTDATED, SYNCING -> true;
            case IN_SYNC, FAILED -> false;
          };
      if (candidate && member.isWelcomed() && !member.failed()) {
        attempts++;
        long attempt = Version.of(standing.epoch(), attempts);
        join = Optional.of(new Join(standing, writes, volume, member, attempt));
        standing.lookAgain();
        return;
      }
    }
  }

  private void markSyncing(Join current) {
    long replica = current.target.member().replica();
    ReplicaState recorded = current.target.member().state();
    if (recorded == ReplicaState.SYNCING) {
      current.marked();
      standing.lookAgain();
    } else if (recorded == ReplicaState.IN_SYNC || recorded == ReplicaState.FAILED) {
      current.abort("the record says " + recorded);
    } else if (!record.busy() && !record.uncertain()) {
      record.swap(
          record.membership().withMember(replica, member -> member.withState(ReplicaState.SYNCING)),
          standing.now());
    }
  }

  /** Gives the attempt up and is done with it. */
  void end(String reason) {
    join.ifPresent(
        current -> {
          current.abort(reason);
          finish(current);
        });
  }

  /** Gives the attempt up; nothing follows it. */
  void abort(String reason) {
    join.ifPresent(current -> current.abort(reason));
  }

  /** The new view, with the target in it, is sealed by all. */
  void joined() {
    Join current = join.orElseThrow();
    current.joined();
    finish(current);
  }

  private void finish(Join current) {
    if (current.state() == JoinState.DONE) {
      counters.joins++;
      counters.resyncExtents += current.extentsDone();
      notBefore = standing.now();
    } else {
      counters.joinsGivenUp++;
      notBefore = standing.now() + timing.renew();
    }
    join = Optional.empty();
    standing.lookAgain();
  }

  /** A resync target could not take a live frame. */
  void targetFailed(MemberLink member, String reason) {
    join.filter(current -> current.target == member && !current.over())
        .ifPresent(
            current -> {
              current.abort(reason);
              standing.lookAgain();
            });
  }

  /**
   * A target that is gone before its join was sent ends its attempt; afterwards the record decides.
   */
  void dropUnreachableTarget() {
    if (join.filter(this::isGone).filter(current -> !maybeJoined(current)).isPresent()) {
      end("the target is gone");
    }
  }

  private boolean maybeJoined(Join current) {
    long replica = current.target.member().replica();
    return record.membership().inSync().contains(replica)
        || record.unresolvedSets().stream().anyMatch(set -> set.contains(replica));
  }

  /** Members whose join is recorded and sealed may forget that they were incomplete. */
  void forgetIncomplete() {
    for (MemberLink member : members.all()) {
      if (member.wantsFinish(standing.epoch())) {
        member.finishAsked(standing.epoch());
        member.ask(
            new FinishJoin(members.nextRequest(), standing.epoch(), member.member().joinAttempt()),
            new MemberLink.Answer() {
              @Override
              public void answered(Message answer, long at) {
                if (answer instanceof Done done && done.outcome() == Outcome.OK) {
                  member.finished();
                } else {
                  members.refused(member, answer, at);
                }
              }

              @Override
              public void lost() {}
            },
            standing.now());
      }
    }
  }
}
