package io.ashlar.protocol;

import io.ashlar.model.Membership;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.Version;
import io.ashlar.model.VolumeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Changes the record's in-sync set or epoch by compare-and-set, one change after the other until
 * none is due, and has the new view promised by all its members. Loop thread only.
 */
final class Reconfiguration {
  /** How far it has come. */
  enum Progress {
    UNDER_WAY,
    /** Nothing is left to change in the record. */
    RECORDED,
    /** The recorded view is promised by all, who are clean and whole. */
    SEALED
  }

  private final VolumeId volume;
  private final Standing standing;
  private final RecordKeeper record;
  private final SealRounds rounds;
  private final Joins joins;
  private final WritePipeline writes;
  private final Timing timing;
  private final CoordinatorCounters counters;

  /** Highest watermark heard of before serving: what every member surely has. */
  private long settledHeard;

  Reconfiguration(
      VolumeId volume,
      Standing standing,
      RecordKeeper record,
      SealRounds rounds,
      Joins joins,
      WritePipeline writes,
      Timing timing,
      CoordinatorCounters counters) {
    this.volume = volume;
    this.standing = standing;
    this.record = record;
    this.rounds = rounds;
    this.joins = joins;
    this.writes = writes;
    this.timing = timing;
    this.counters = counters;
  }

  /** The next step that is due; the record is certain and no operation on it is under way. */
  Progress advance() {
    joins.dropUnreachableTarget();
    Membership membership = record.membership();
    List<MemberLink> removable = removable();
    Optional<Join> joining =
        joins.current().filter(current -> current.state() == JoinState.SWAPPING);
    boolean joinRecorded =
        joining.isPresent()
            && membership.inSync().contains(joining.get().target.member().replica());
    if (record.hasUnresolved() || standing.epochIsTaken() || writes.sequenceUsedUp()) {
      swapEpoch(membership);
    } else if (!removable.isEmpty()) {
      swapShrink(membership, removable);
    } else if (joining.isPresent() && !joinRecorded) {
      swapJoin(membership, joining.get());
    } else if (!standing.hasServed()) {
      return Progress.RECORDED;
    } else {
      return seal(joinRecorded);
    }
    return Progress.UNDER_WAY;
  }

  private void swapEpoch(Membership membership) {
    int next = Math.max(membership.epoch(), standing.epochFloor()) + 1;
    swap(membership.withEpoch(next).withSettled(settled()));
  }

  private void swapShrink(Membership membership, List<MemberLink> removable) {
    Membership next = membership.withEpoch(membership.epoch() + 1).withSettled(settled());
    long lastInSync = Math.max(settled(), membership.settled());
    for (MemberLink member : removable) {
      long replica = member.member().replica();
      standing
          .effects()
          .log(
              volume,
              String.format(
                  "event=member_removed replica=%x node=%s clean=%s whole=%s last_in_sync=%s",
                  replica,
                  member.member().node(),
                  member.clean(),
                  member.whole(),
                  Version.text(lastInSync)));
      next =
          next.withMember(
              replica, old -> old.withState(ReplicaState.OUTDATED).withLastInSync(lastInSync));
      counters.removals++;
    }
    swap(next);
  }

  private void swapJoin(Membership membership, Join joining) {
    long replica = joining.target.member().replica();
    ReplicaState recorded = joining.target.member().state();
    if (recorded != ReplicaState.SYNCING) {
      joins.end("the record says " + recorded);
      return;
    }
    swap(
        membership
            .withEpoch(membership.epoch() + 1)
            .withSettled(settled())
            .withMember(
                replica,
                old -> old.withState(ReplicaState.IN_SYNC).withJoinAttempt(joining.attempt)));
  }

  private void swap(Membership next) {
    record.swap(next, standing.now());
  }

  private Progress seal(boolean joinRecorded) {
    long inSync = standing.inSyncMask();
    SealRound round = rounds.forEpoch(false);
    long asked = inSync | joins.maskOf(Join::needsSeal);
    round.ask(asked, standing.now());
    standing.waitFor("promises of " + round.waitingFor(asked, standing.now()));
    boolean allGood =
        standing.of(inSync).stream().allMatch(member -> member.clean() && member.whole());
    if (!round.answeredBy(asked) || !allGood) {
      return Progress.UNDER_WAY;
    }
    standing.sealed(inSync, round.epoch());
    if (joinRecorded) {
      joins.joined();
    }
    standing.waitFor("");
    return Progress.SEALED;
  }

  // ---- what goes into the record

  void heardOf(long watermark) {
    settledHeard = Math.max(settledHeard, watermark);
  }

  /** What every in-sync member surely has: the watermark when serving, else what was heard of. */
  long settled() {
    return standing.hasServed() ? Math.max(writes.watermark(), settledHeard) : settledHeard;
  }

  /**
   * Members to remove now: in trouble, unclean or not whole, provided that every other one has
   * answered since the trouble began and one of them at least is clean and whole. Never the last
   * one.
   */
  List<MemberLink> removable() {
    long inSync = standing.inSyncMask();
    return anyIsBad(inSync) ? removable(inSync) : List.of();
  }

  private boolean anyIsBad(long inSync) {
    for (MemberLink member : standing.members().all()) {
      if ((inSync & member.bit()) != 0 && (troubleSince(member) >= 0 || isUntrusted(member))) {
        return true;
      }
    }
    return false;
  }

  private long troubleSince(MemberLink member) {
    return member.troubleSince(standing.now(), timing);
  }

  private static boolean isUntrusted(MemberLink member) {
    return member.isWelcomed() && !(member.clean() && member.whole());
  }

  private List<MemberLink> removable(long inSync) {
    List<MemberLink> bad = new ArrayList<>();
    List<MemberLink> rest = new ArrayList<>();
    long since = Long.MAX_VALUE;
    for (MemberLink member : standing.of(inSync)) {
      long trouble = troubleSince(member);
      if (trouble >= 0 || isUntrusted(member)) {
        bad.add(member);
        since = Math.min(since, trouble >= 0 ? trouble : Long.MAX_VALUE);
      } else {
        rest.add(member);
      }
    }
    long answeredSince = since == Long.MAX_VALUE ? Long.MIN_VALUE : since;
    boolean allAnswered = rest.stream().allMatch(member -> member.answeredSince(answeredSince));
    if (rest.isEmpty() || !allAnswered) {
      standing.waitFor(
          rest.isEmpty() ? "no in-sync member is reachable, clean and whole" : "the other members");
      return List.of();
    }
    return bad;
  }

  /** Whether the in-sync set has to change, or the epoch has to move. */
  boolean isDue() {
    return record.hasUnresolved() || standing.epochIsTaken() || !removable().isEmpty();
  }
}
