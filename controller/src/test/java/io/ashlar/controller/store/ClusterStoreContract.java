package io.ashlar.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every adapter must do, against the real thing. */
abstract class ClusterStoreContract {
  protected ClusterStore store;

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
    long revision = store.create(Collection.VOLUMES, "a", "one").orElseThrow();

    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", "one", revision));
    assertThat(store.create(Collection.VOLUMES, "a", "two")).isEmpty();
    assertThat(store.get(Collection.NODES, "a")).isEmpty();
  }

  @Test
  void aSwapNeedsTheRevision() {
    long first = store.create(Collection.VOLUMES, "a", "one").orElseThrow();
    long second = store.compareAndSet(Collection.VOLUMES, "a", first, "two").orElseThrow();

    assertThat(second).isGreaterThan(first);
    assertThat(store.compareAndSet(Collection.VOLUMES, "a", first, "three")).isEmpty();
    assertThat(store.compareAndSet(Collection.VOLUMES, "b", first, "three")).isEmpty();
    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", "two", second));
  }

  @Test
  void aDeleteNeedsTheRevisionAndRevisionsAreNotUsedAgain() {
    long first = store.create(Collection.VOLUMES, "a", "one").orElseThrow();

    assertThat(store.delete(Collection.VOLUMES, "a", first + 1)).isFalse();
    assertThat(store.delete(Collection.VOLUMES, "a", first)).isTrue();
    assertThat(store.delete(Collection.VOLUMES, "a", first)).isFalse();
    assertThat(store.create(Collection.VOLUMES, "a", "two").orElseThrow()).isGreaterThan(first);
  }

  @Test
  void listingsAreInOrderWithTheirRevision() {
    store.create(Collection.VOLUMES, "b", "2");
    store.create(Collection.VOLUMES, "a", "1");
    long last = store.create(Collection.NODES, "n", "3").orElseThrow();

    assertThat(store.list(Collection.VOLUMES).entries())
        .extracting(Entry::key)
        .containsExactly("a", "b");
    assertThat(store.list(Collection.VOLUMES).revision()).isEqualTo(last);
    assertThat(store.list(Collection.GRAVES).entries()).isEmpty();
  }

  @Test
  void aWatchTellsEveryLaterChangeInOrder() throws InterruptedException {
    BlockingQueue<Change> told = new LinkedBlockingQueue<>();
    long before = store.list(Collection.VOLUMES).revision();
    long first = store.create(Collection.VOLUMES, "a", "one").orElseThrow();
    try (ClusterStore.Subscription watch = store.watch(Collection.VOLUMES, before, told::add)) {
      assertThat(watch).isNotNull();
      store.create(Collection.NODES, "n", "other");
      store.delete(Collection.VOLUMES, "a", first);

      Change created = told.poll(5, TimeUnit.SECONDS);
      assertThat(created.revision()).isEqualTo(first);
      assertThat(created.entry().orElseThrow().value()).isEqualTo("one");
      Change deleted = told.poll(5, TimeUnit.SECONDS);
      assertThat(deleted.key()).isEqualTo("a");
      assertThat(deleted.entry()).isEmpty();
    }
    store.create(Collection.VOLUMES, "b", "late");
    assertThat(told.poll(50, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void everythingIsThereAfterARestartAndOldWatchesHaveExpired() {
    long before = store.list(Collection.VOLUMES).revision();
    long revision = store.create(Collection.VOLUMES, "a", "one").orElseThrow();
    store.close();
    store = open();

    assertThat(store.get(Collection.VOLUMES, "a")).contains(new Entry("a", "one", revision));
    assertThat(store.create(Collection.VOLUMES, "b", "two").orElseThrow()).isGreaterThan(revision);
    assertThatThrownBy(() -> store.watch(Collection.VOLUMES, before, change -> {}).close())
        .isInstanceOf(ClusterStore.WatchExpiredException.class);
  }

  @Test
  void ofManySwapsAtOneRevisionOneWins() throws InterruptedException {
    long revision = store.create(Collection.VOLUMES, "a", "0").orElseThrow();
    AtomicInteger winners = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String value = "racer " + i;
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
