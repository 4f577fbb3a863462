package io.ashlar.protocol;

import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.MembershipRules;
import java.util.Optional;

/** The round of promises for the recorded epoch: a new one when that moves. Loop thread only. */
final class SealRounds {
  private final RecordKeeper record;
  private final Members members;
  private final CoordinatorRef self;
  private Optional<SealRound> current = Optional.empty();

  SealRounds(RecordKeeper record, Members members, CoordinatorRef self) {
    this.record = record;
    this.members = members;
    this.self = self;
  }

  SealRound forEpoch(boolean wantTail) {
    if (current.isEmpty() || current.get().epoch() != record.membership().epoch()) {
      current =
          Optional.of(
              new SealRound(members, self, MembershipRules.view(record.membership()), wantTail));
    }
    return current.get();
  }

  /** Everybody is asked again, though the epoch may be the same. */
  void startOver() {
    current = Optional.empty();
  }
}
