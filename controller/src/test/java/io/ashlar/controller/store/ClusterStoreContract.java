package io.ashlar.controller.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every adapter must do, against the real thing. */
public abstract class ClusterStoreContract {
  private static final String ONE = object("one");
  private static final String TWO = object("two");
  private static final String THREE = object("three");

  protected ClusterStore store;

  private static String object(String text) {
    return "{\"text\":\"" + text + "\"}";
  }

  /** What a watch told, "missed" as a change without a key. */
  protected static class Told implements ClusterStore.Watcher {
    private static final Change MISSED = new Change("", Optional.empty(), 0);
    private final BlockingQueue<Change> changes = new LinkedBlockingQueue<>();

    public Told() {}

    @Override
    public void changed(Change change) {
      changes.add(change);
    }

    @Override
    public void missed() {
      changes.add(MISSED);
    }

    public Change next() throws InterruptedException {
      Change change = changes.poll(30, TimeUnit.SECONDS);
      assertThat(change).as("told within 30 s").isNotNull();
      return change;
    }

    public boolean isMissed(Change change) {
      return change == MISSED;
    }

    /** Whether a change to this revision was told, or that something was missed. */
    public boolean nextOrMissed(long revision) throws InterruptedException {
      Change change = next();
      return isMissed(change) || change.revision() == revision;
    }

    boolean isQuiet() throws InterruptedException {
      return changes.poll(200, TimeUnit.MILLISECONDS) == null;
    }
  }

  /** Opens the same store again, as after a restart of the controller. */
  protected abstract ClusterStore open();

  @BeforeEach
  void openStore() {
    store = open();
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  @Test
  void whatIsCreatedCanBeReadAndIsCreatedOnce() {
    long revision = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();

    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", ONE, revision));
    assertThat(store.create(Collection.VOLUMES, "a", TWO)).isEmpty();
    assertThat(store.get(Collection.NODES, "a")).isEmpty();
  }

  @Test
  void aSwapNeedsTheRevision() {
    long first = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();
    long second = store.compareAndSet(Collection.VOLUMES, "a", first, TWO).orElseThrow();

    assertThat(second).isGreaterThan(first);
    assertThat(store.compareAndSet(Collection.VOLUMES, "a", first, THREE)).isEmpty();
    assertThat(store.compareAndSet(Collection.VOLUMES, "b", first, THREE)).isEmpty();
    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", TWO, second));
  }

  @Test
  void aDeleteNeedsTheRevisionAndRevisionsAreNotUsedAgain() {
    long first = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();

    assertThat(store.delete(Collection.VOLUMES, "a", first + 1)).isFalse();
    assertThat(store.delete(Collection.VOLUMES, "a", first)).isTrue();
    assertThat(store.delete(Collection.VOLUMES, "a", first)).isFalse();
    assertThat(store.create(Collection.VOLUMES, "a", TWO).orElseThrow()).isGreaterThan(first);
  }

  @Test
  void listingsAreInOrderWithTheirRevision() {
    store.create(Collection.VOLUMES, "b", TWO);
    store.create(Collection.VOLUMES, "a", ONE);
    long last = store.create(Collection.NODES, "n", THREE).orElseThrow();

    assertThat(store.list(Collection.VOLUMES).entries())
        .extracting(Entry::key)
        .containsExactly("a", "b");
    assertThat(store.list(Collection.VOLUMES).revision()).isGreaterThanOrEqualTo(last);
    assertThat(store.list(Collection.GRAVES).entries()).isEmpty();
  }

  @Test
  void anEqualSwapCountsAsAChange() {
    long first = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();
    long second = store.compareAndSet(Collection.VOLUMES, "a", first, ONE).orElseThrow();

    assertThat(second).isGreaterThan(first);
    assertThat(store.compareAndSet(Collection.VOLUMES, "a", first, ONE)).isEmpty();
  }

  @Test
  void whatWasAskedForAndNumbersOf64BitsComeBack() {
    String value =
        "{\"spec\":{\"name\":\"pvc\",\"sizeBytes\":1099511627776},\"replica\":-9223372036854775808}";
    long revision = store.create(Collection.VOLUMES, "a", value).orElseThrow();

    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", value, revision));
  }

  @Test
  void aWatchTellsEveryLaterChangeInOrder() throws InterruptedException {
    Told told = new Told();
    long before = store.list(Collection.VOLUMES).revision();
    long first = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();
    try (ClusterStore.Subscription watch = store.watch(Collection.VOLUMES, before, told)) {
      assertThat(watch).isNotNull();
      store.create(Collection.NODES, "n", ONE);
      store.delete(Collection.VOLUMES, "a", first);

      Change created = told.next();
      assertThat(created.revision()).isEqualTo(first);
      assertThat(created.entry().orElseThrow().value()).isEqualTo(ONE);
      Change deleted = told.next();
      assertThat(deleted.key()).isEqualTo("a");
      assertThat(deleted.entry()).isEmpty();
    }
    store.create(Collection.VOLUMES, "b", TWO);
    assertThat(told.isQuiet()).isTrue();
  }

  @Test
  void everythingIsThereAfterARestartAndAWatchFromBeforeItMissesNothingUntold()
      throws InterruptedException {
    long before = store.list(Collection.VOLUMES).revision();
    long revision = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();
    store.close();
    store = open();

    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", ONE, revision));
    Told told = new Told();
    try (ClusterStore.Subscription watch = store.watch(Collection.VOLUMES, before, told)) {
      assertThat(watch).isNotNull();
      Change first = told.next();
      assertThat(told.isMissed(first) || first.revision() == revision).isTrue();
      long later = store.create(Collection.VOLUMES, "b", TWO).orElseThrow();
      assertThat(later).isGreaterThan(revision);
      assertThat(told.next().revision()).isEqualTo(later);
    }
  }

  @Test
  void ofManySwapsAtOneRevisionOneWins() throws InterruptedException {
    long revision = store.create(Collection.VOLUMES, "a", ONE).orElseThrow();
    AtomicInteger winners = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String value = object("racer " + i);
      threads.add(
          Thread.ofVirtual()
              .start(
                  () ->
                      store
                          .compareAndSet(Collection.VOLUMES, "a", revision, value)
                          .ifPresent(won -> winners.incrementAndGet())));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(winners).hasValue(1);
  }
}
