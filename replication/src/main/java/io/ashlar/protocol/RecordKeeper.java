package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.env.RecordStore;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeView;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;

/**
 * What a coordinator knows of its record, and the compare-and-sets whose fate it does not know yet
 * (the union rule). At most one record operation is under way. Loop thread only.
 *
 * <p>A fate is certain once the revision is known to have moved past the one that was expected: of
 * all the compare-and-sets that expect a revision at most one succeeds. So a linearizable read or a
 * later success settles everything before it, and what the record then says is the truth whoever
 * wrote it.
 */
final class RecordKeeper {
  private record Unresolved(long expectedRevision, SortedSet<Long> inSync) {}

  private final CoordinatorEffects effects;
  private final Timing timing;
  private final Runnable changed;

  private VolumeView current;
  private final List<Unresolved> unresolved = new ArrayList<>();
  private boolean busy;
  private boolean uncertain = true;
  private long retryAt;
  private long uncertainOutcomes;

  /**
   * @param changed called after the record or what is unresolved has changed
   */
  RecordKeeper(CoordinatorEffects effects, Timing timing, Runnable changed) {
    this.effects = effects;
    this.timing = timing;
    this.changed = changed;
  }

  /** The record as last seen; null before the first read. */
  VolumeView current() {
    return current;
  }

  Membership membership() {
    return current.membership();
  }

  boolean busy() {
    return busy;
  }

  /** The last operation had no answer: what the record says now has to be read first. */
  boolean uncertain() {
    return uncertain;
  }

  boolean hasUnresolved() {
    return !unresolved.isEmpty();
  }

  /** In-sync sets that the record may hold although nobody told us. */
  List<SortedSet<Long>> unresolvedSets() {
    return unresolved.isEmpty() ? List.of() : unresolved.stream().map(Unresolved::inSync).toList();
  }

  /** Something was heard that makes the last reading doubtful. */
  void doubt() {
    uncertain = true;
  }

  /** Reads the record if that is due. */
  void readIfUncertain(long now) {
    if (uncertain && !busy && now >= retryAt) {
      busy = true;
      effects.readRecord(new Outcome(now));
    }
  }

  void swap(Membership next, long now) {
    check(!busy && !uncertain, "a record operation is under way");
    busy = true;
    unresolved.add(new Unresolved(current.revision(), next.inSync()));
    effects.compareAndSet(current.revision(), next, new Outcome(now));
  }

  private final class Outcome implements RecordStore.Callback {
    private final long startedAt;

    Outcome(long startedAt) {
      this.startedAt = startedAt;
    }

    @Override
    public void done(VolumeView view) {
      adopt(view);
    }

    /**
     * Refused at the expected revision: not a lost race but a rule; ask again later, not at once.
     */
    @Override
    public void refused(VolumeView view) {
      boolean byRule = current != null && view.revision() == current.revision();
      if (byRule && !unresolved.isEmpty()) {
        unresolved.removeLast();
      }
      adopt(view);
      if (byRule) {
        uncertain = true;
        retryAt = startedAt + timing.storeRetry();
      }
    }

    @Override
    public void unknown(String reason) {
      busy = false;
      uncertain = true;
      uncertainOutcomes++;
      retryAt = startedAt + timing.storeRetry();
      changed.run();
    }
  }

  private void adopt(VolumeView view) {
    busy = false;
    uncertain = false;
    if (current == null || view.revision() >= current.revision()) {
      current = view;
      unresolved.removeIf(earlier -> earlier.expectedRevision < view.revision());
    }
    changed.run();
  }

  long uncertainOutcomes() {
    return uncertainOutcomes;
  }
}
