package io.ashlar.sim;

import io.ashlar.env.Roster;
import java.util.Optional;

/** A node's file of its disks: what was kept is there for every later process. */
final class SimRoster {
  private Optional<Roster.Known> known = Optional.empty();

  Optional<Roster.Known> known() {
    return known;
  }

  /** As one process sees it: it takes a while to keep something. */
  Roster of(SimNode node, long life, SimEvents events, SimRng rng) {
    return new Roster() {
      @Override
      public Optional<Known> known() {
        return known;
      }

      @Override
      public void keepNow(Known next) {
        known = Optional.of(next);
      }

      @Override
      public void keep(Known next, Runnable done) {
        events.after(
            rng.between(100_000, 3_000_000),
            () ->
                node.run(
                    life,
                    () -> {
                      known = Optional.of(next);
                      done.run();
                    }));
      }
    };
  }

  /** For one who only looks: nothing is kept. */
  Roster copy() {
    SimRoster copy = new SimRoster();
    copy.known = known;
    return new Roster() {
      @Override
      public Optional<Known> known() {
        return copy.known;
      }

      @Override
      public void keepNow(Known next) {
        copy.known = Optional.of(next);
      }

      @Override
      public void keep(Known next, Runnable done) {
        copy.known = Optional.of(next);
        done.run();
      }
    };
  }
}
