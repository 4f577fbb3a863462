package io.ashlar.controller.store.embedded;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Subscription;
import io.ashlar.controller.store.ClusterStore.Watcher;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last changes in memory, and who wants to hear of them. Watchers run on one thread, in order.
 */
final class ChangeFeed implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);

  private final int kept;
  private final ExecutorService teller =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("store-watch").factory());

  @GuardedBy("this")
  private final Deque<Told> recent = new ArrayDeque<>();

  @GuardedBy("this")
  private final List<Subscriber> subscribers = new ArrayList<>();

  @GuardedBy("this")
  private long subscriptions;

  /** Every change after this revision is in {@code recent}. */
  @GuardedBy("this")
  private long completeSince;

  private record Told(Collection collection, Change change) {}

  private record Subscriber(long number, Collection collection, Watcher watcher) {}

  ChangeFeed(int kept, long revision) {
    this.kept = kept;
    this.completeSince = revision;
  }

  synchronized void publish(Collection collection, Change change) {
    recent.addLast(new Told(collection, change));
    if (recent.size() > kept) {
      completeSince = recent.removeFirst().change().revision();
    }
    for (Subscriber subscriber : subscribers) {
      if (subscriber.collection() == collection) {
        tell(() -> subscriber.watcher().changed(change));
      }
    }
  }

  synchronized Subscription subscribe(Collection collection, long fromRevision, Watcher watcher) {
    if (fromRevision < completeSince) {
      tell(watcher::missed);
    }
    for (Told told : recent) {
      if (told.collection() == collection && told.change().revision() > fromRevision) {
        tell(() -> watcher.changed(told.change()));
      }
    }
    Subscriber subscriber = new Subscriber(++subscriptions, collection, watcher);
    subscribers.add(subscriber);
    return () -> unsubscribe(subscriber);
  }

  private synchronized void unsubscribe(Subscriber subscriber) {
    subscribers.removeIf(each -> each.number() == subscriber.number());
  }

  private void tell(Runnable what) {
    teller.execute(
        () -> {
          try {
            what.run();
          } catch (RuntimeException failed) {
            log.error("watcher failed", failed);
          }
        });
  }

  @Override
  public void close() {
    teller.shutdown();
  }
}
