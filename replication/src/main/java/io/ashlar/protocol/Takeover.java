package io.ashlar.protocol;

import io.ashlar.model.Attachment;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.wire.Message.Sealed;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The way of a new coordinator from OPENING to SERVING: into the record, promises of all in-sync
 * members, and equal content at all of them. Loop thread only.
 */
final class Takeover {
  private final CoordinatorRef self;
  private final OptionalLong generation;
  private final Standing standing;
  private final RecordKeeper record;
  private final SealRounds rounds;
  private final Reconfiguration reconfiguration;
  private final CoordinatorCounters counters;

  private Optional<Converger> converging = Optional.empty();

  /** Most data that a member said it holds when it promised. */
  private long mappedBlocksSealed;

  Takeover(
      CoordinatorRef self,
      OptionalLong generation,
      Standing standing,
      RecordKeeper record,
      SealRounds rounds,
      Reconfiguration reconfiguration,
      CoordinatorCounters counters) {
    this.self = self;
    this.generation = generation;
    this.standing = standing;
    this.record = record;
    this.rounds = rounds;
    this.reconfiguration = reconfiguration;
    this.counters = counters;
  }

  long mappedBlocksSealed() {
    return mappedBlocksSealed;
  }

  /**
   * OPENING: writes itself into the record.
   *
   * @return why it cannot, for ever
   */
  Optional<String> open(boolean closeWanted) {
    record.readIfUncertain(standing.now());
    if (record.busy() || record.uncertain()) {
      return Optional.empty();
    }
    Membership membership = record.membership();
    if (membership.names(self.instance())) {
      reconfiguration.heardOf(membership.settled());
      standing.become(CoordinatorState.SEALING, "recorded");
    } else if (closeWanted) {
      return Optional.of("closed while opening");
    } else if (!attachedHere(membership)) {
      return Optional.of("the volume is not attached here");
    } else if (membership.inSync().isEmpty()) {
      return Optional.of("the record names no in-sync member");
    } else {
      record.swap(
          membership.withCoordinator(Optional.of(self)).withEpoch(membership.epoch() + 1),
          standing.now());
    }
    return Optional.empty();
  }

  private boolean attachedHere(Membership membership) {
    if (generation.isEmpty()) {
      return true;
    }
    return membership.attachment().map(Attachment::node).equals(Optional.of(self.node()))
        && membership.generation() == generation.getAsLong();
  }

  /** SEALING: every in-sync member promises the epoch and tells its tail. */
  void seal() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    if (record.hasUnresolved() || standing.epochIsTaken()) {
      standing.become(CoordinatorState.RECONFIGURING, "the epoch has to move");
      return;
    }
    long inSync = standing.inSyncMask();
    SealRound round = rounds.forEpoch(true);
    round.ask(inSync, standing.now());
    standing.waitFor("promises of " + round.waitingFor(inSync, standing.now()));
    if (round.answeredBy(inSync)) {
      allPromised(inSync, round);
    } else if (!reconfiguration.removable().isEmpty()) {
      standing.become(CoordinatorState.RECONFIGURING, "members in trouble");
    }
  }

  private void allPromised(long inSync, SealRound round) {
    Map<MemberLink, Sealed> answers = new TreeMap<>((a, b) -> Integer.compare(a.slot, b.slot));
    boolean allGood = true;
    long watermark = 0;
    for (MemberLink member : standing.of(inSync)) {
      watermark = Math.max(watermark, round.answer(member).watermark());
    }
    for (MemberLink member : standing.of(inSync)) {
      Sealed sealed = round.answer(member);
      member.mustHold(watermark);
      answers.put(member, sealed);
      reconfiguration.heardOf(sealed.watermark());
      mappedBlocksSealed = Math.max(mappedBlocksSealed, sealed.mappedBlocks());
      allGood &= member.clean() && member.whole();
    }
    if (allGood) {
      standing.sealed(inSync, round.epoch());
      converging = Optional.of(new Converger(standing, answers));
      standing.become(CoordinatorState.CONVERGING, "all promised");
    } else if (!reconfiguration.removable().isEmpty()) {
      standing.become(CoordinatorState.RECONFIGURING, "unclean or incomplete members");
    } else {
      standing.waitFor(
          "no in-sync member is clean and whole: the volume stays closed until one of them is back"
              + " with its data, since acknowledged writes may be missing from each");
    }
  }

  /**
   * CONVERGING: the members are made equal.
   *
   * @return true once they are
   */
  boolean converge() {
    Converger converger = converging.orElseThrow();
    if (record.uncertain() || reconfiguration.isDue()) {
      converger.cancel();
      standing.become(CoordinatorState.RECONFIGURING, "members in trouble");
      return false;
    }
    converger.pump();
    counters.blocksConverged = Math.max(counters.blocksConverged, converger.copied());
    standing.waitFor("the members are made equal");
    if (converger.cancelled() || !rounds.forEpoch(true).answeredBy(standing.inSyncMask())) {
      converger.cancel();
      rounds.startOver();
      standing.become(CoordinatorState.SEALING, "a connection was lost");
      return false;
    }
    return converger.done();
  }

  void cancel() {
    converging.ifPresent(Converger::cancel);
  }
}
