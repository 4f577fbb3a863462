package io.ashlar.sim;

import io.ashlar.env.RecordStore;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * One volume's record with linearizable reads and compare-and-sets, whose answers may be lost,
 * which may land late, and which is out for a while now and then. Checks I1: epochs only grow, and
 * no epoch ever names two coordinator instances.
 */
public final class SimRecordStore {
  private static final long LATE_NANOS_MAX = 3_000_000_000L;

  private final SimEvents events;
  private final SimRng rng;
  private final Runnable changed;
  private VolumeView view;
  private final Map<Integer, Long> instanceOfEpoch = new TreeMap<>();

  /** Compare-and-sets without an answer that may still succeed. */
  private final List<Landing> landings = new ArrayList<>();

  private boolean out;
  private int lostAnswerOneIn;
  private int lateOneIn;

  private long lostAnswers;
  private long lateLandings;
  private long outages;
  private long swaps;

  private record Landing(long expectedRevision, Membership next) {}

  SimRecordStore(SimEvents events, SimRng rng, VolumeView first, Runnable changed) {
    this.changed = changed;
    this.events = events;
    this.rng = rng;
    this.view = first;
  }

  VolumeView view() {
    return view;
  }

  /** In-sync sets that the record holds, or may come to hold without anybody asking again. */
  List<SortedSet<Long>> possibleSets() {
    List<SortedSet<Long>> sets = new ArrayList<>();
    sets.add(view.membership().inSync());
    landings.stream()
        .filter(landing -> landing.expectedRevision == view.revision())
        .forEach(landing -> sets.add(landing.next.inSync()));
    return sets;
  }

  void faults(int newLostAnswerOneIn, int newLateOneIn) {
    lostAnswerOneIn = newLostAnswerOneIn;
    lateOneIn = newLateOneIn;
  }

  void out(boolean isOut) {
    outages += isOut && !out ? 1 : 0;
    out = isOut;
  }

  boolean isOut() {
    return out;
  }

  long uncertain() {
    return lostAnswers + lateLandings;
  }

  long outages() {
    return outages;
  }

  long swaps() {
    return swaps;
  }

  /** The port as one process of a node sees it. */
  RecordStore portOf(SimNode node, long life) {
    return new Port(node, life);
  }

  /** A change by the leading controller, which retries until it has an answer. */
  Optional<VolumeView> change(UnaryOperator<Membership> change) {
    if (out) {
      return Optional.empty();
    }
    Membership next = change.apply(view.membership());
    if (!next.equals(view.membership())) {
      set(next);
    }
    return Optional.of(view);
  }

  private void set(Membership next) {
    Membership old = view.membership();
    if (next.epoch() < old.epoch()) {
      throw new SimFailure("I1: epoch went from " + old.epoch() + " to " + next.epoch());
    }
    boolean sameSet = next.inSync().equals(old.inSync());
    if (!sameSet && next.epoch() == old.epoch()) {
      throw new SimFailure("I1: the in-sync set changed within epoch " + old.epoch());
    }
    if (next.inSync().isEmpty()) {
      throw new SimFailure("the in-sync set is empty");
    }
    next.coordinator()
        .ifPresent(
            coordinator -> {
              Long known = instanceOfEpoch.putIfAbsent(next.epoch(), coordinator.instance());
              if (known != null && known != coordinator.instance()) {
                throw new SimFailure("I1: epoch " + next.epoch() + " names two coordinators");
              }
            });
    swaps++;
    view =
        new VolumeView(
            view.volume(),
            view.revision() + 1,
            view.sizeBytes(),
            view.replicas(),
            view.failureMode(),
            view.compression(),
            next);
    changed.run();
  }

  private final class Port implements RecordStore {
    private final SimNode node;
    private final long life;

    Port(SimNode node, long life) {
      this.node = node;
      this.life = life;
    }

    private long delay() {
      return rng.between(200_000, 4_000_000);
    }

    private boolean unreachable() {
      return out || node.cutFromStore();
    }

    private void answer(Runnable task) {
      events.after(delay(), () -> node.run(life, task));
    }

    @Override
    public void read(VolumeId volume, Callback done) {
      events.after(
          delay(),
          () -> {
            if (unreachable()) {
              answer(() -> done.unknown("the store does not answer"));
            } else {
              VolumeView now = view;
              answer(() -> done.done(now));
            }
          });
    }

    @Override
    public void compareAndSet(
        VolumeId volume,
        CoordinatorRef caller,
        long expectedRevision,
        Membership next,
        Callback done) {
      if (rng.oneIn(lateOneIn)) {
        lateLandings++;
        Landing landing = new Landing(expectedRevision, next);
        landings.add(landing);
        changed.run();
        events.after(
            rng.between(1, LATE_NANOS_MAX),
            () -> {
              landings.remove(landing);
              land(caller, expectedRevision, next);
            });
        events.after(
            delay(), () -> node.run(life, () -> done.unknown("no answer, it may land later")));
        return;
      }
      events.after(delay(), () -> execute(caller, expectedRevision, next, done));
    }

    private void execute(
        CoordinatorRef caller, long expectedRevision, Membership next, Callback done) {
      if (unreachable()) {
        answer(() -> done.unknown("the store does not answer"));
        return;
      }
      boolean landed = land(caller, expectedRevision, next);
      VolumeView now = view;
      if (rng.oneIn(lostAnswerOneIn)) {
        lostAnswers++;
        answer(() -> done.unknown("the answer was lost"));
      } else if (landed) {
        answer(() -> done.done(now));
      } else {
        answer(() -> done.refused(now));
      }
    }

    private boolean land(CoordinatorRef caller, long expectedRevision, Membership next) {
      if (out || view.revision() != expectedRevision) {
        return false;
      }
      MembershipRules.refusal(caller, view.membership(), next)
          .ifPresent(
              reason -> {
                throw new SimFailure("the record's rules refuse a change: " + reason);
              });
      set(next);
      return true;
    }
  }
}
