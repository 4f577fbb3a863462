package io.ashlar.controller;

import io.ashlar.controller.reconcile.Attention;
import io.ashlar.controller.store.LeaderElection.Candidate;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Works while this controller is the leader. Safe to call from any thread. */
final class Leadership implements Candidate, Attention {
  private static final Logger log = LoggerFactory.getLogger(Leadership.class);

  private final Supplier<Leading> begin;
  private volatile Optional<Leading> term = Optional.empty();

  /**
   * @param begin starts the work of one term; may fail when the store is away, and is tried again
   *     with the next election
   */
  Leadership(Supplier<Leading> begin) {
    this.begin = begin;
  }

  @Override
  public void elected() {
    term = Optional.of(begin.get());
    log.info("leading");
  }

  @Override
  public void deposed() {
    Optional<Leading> ended = term;
    term = Optional.empty();
    ended.ifPresent(Leading::close);
    log.info("not leading any more");
  }

  boolean leads() {
    return term.isPresent();
  }

  @Override
  public void kick(String key) {
    term.ifPresent(leading -> leading.kick(key));
  }

  @Override
  public Optional<String> problem(String key) {
    return term.flatMap(leading -> leading.problem(key));
  }

  void sweepSoon() {
    term.ifPresent(Leading::sweepSoon);
  }
}
