package io.ashlar.controller.nodes;

import io.ashlar.controller.state.ControllerRecord;
import io.ashlar.controller.store.ClusterStore.StoreException;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.env.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controllers on one store, each of which keeps a record of itself beating. Whether another one
 * is there is told by its record changing, not by its clock. While the store is away the last list
 * stands: nodes go on talking to whoever answers.
 */
public final class Controllers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Controllers.class);
  private static final Duration BEAT = Duration.ofSeconds(5);
  private static final Duration GONE = Duration.ofSeconds(20);

  private final Records<ControllerRecord> records;
  private final ControllerRecord self;
  private final Clock clock;
  private final Map<String, Seen> seen = new ConcurrentSkipListMap<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("presence").factory());
  private volatile List<String> addresses;

  private record Seen(long revision, long atNanos) {}

  public Controllers(Records<ControllerRecord> records, ControllerRecord self, Clock clock) {
    this.records = records;
    this.self = self;
    this.clock = clock;
    this.addresses = List.of(self.address());
  }

  public Controllers start() {
    var _ = timer.scheduleWithFixedDelay(this::beat, 0, BEAT.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  /** Where the living ones listen, this one included. */
  public List<String> addresses() {
    return addresses;
  }

  /** Tests may call it instead of {@link #start}. */
  void beat() {
    try {
      announce();
      look();
    } catch (StoreException away) {
      log.debug("presence not told", away);
    } catch (RuntimeException failed) {
      log.warn("presence not told", failed);
    }
  }

  private void announce() {
    boolean known =
        records
            .update(self.name(), old -> self.address().equals(old.address()) ? old.next() : self)
            .isPresent();
    if (!known) {
      var _ = records.create(self.name(), self);
    }
  }

  private void look() {
    long now = clock.nanos();
    List<Versioned<ControllerRecord>> all = records.list();
    for (Versioned<ControllerRecord> record : all) {
      seen.compute(
          record.key(),
          (key, old) ->
              old != null && old.revision() == record.revision()
                  ? old
                  : new Seen(record.revision(), now));
    }
    seen.keySet().retainAll(all.stream().map(Versioned::key).toList());
    addresses =
        all.stream()
            .filter(record -> isAlive(record, now))
            .map(record -> record.value().address())
            .toList();
    all.stream().filter(record -> !isAlive(record, now)).forEach(this::forget);
  }

  private boolean isAlive(Versioned<ControllerRecord> record, long nowNanos) {
    return nowNanos - seen.get(record.key()).atNanos() < GONE.toNanos();
  }

  /** Nothing if it beats after all. */
  private void forget(Versioned<ControllerRecord> record) {
    if (records.delete(record)) {
      log.info("controller is gone name={}", record.key());
    }
  }

  /** Ends in order: the others need not wait to see that this one is gone. */
  @Override
  public void close() {
    timer.shutdownNow();
    try {
      Optional<Versioned<ControllerRecord>> own = records.get(self.name());
      own.ifPresent(this::forget);
    } catch (StoreException away) {
      log.debug("presence not taken back", away);
    }
  }
}
