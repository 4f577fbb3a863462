package io.ashlar.controller.csi;

import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Subscription;
import io.ashlar.controller.store.ClusterStore.Watcher;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.Records.Versioned;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Waits for a volume's record to become something: told by the store's watch, and looking by itself
 * too.
 */
public final class VolumeWaits implements AutoCloseable {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Records<VolumeRecord> volumes;
  private final Subscription watch;
  private final Map<String, CopyOnWriteArrayList<Semaphore>> waiting = new ConcurrentHashMap<>();

  public VolumeWaits(ClusterStore store, Records<VolumeRecord> volumes) {
    this.volumes = volumes;
    long revision = store.list(Collection.VOLUMES).revision();
    this.watch = store.watch(Collection.VOLUMES, revision, new Waker());
  }

  private final class Waker implements Watcher {
    @Override
    public void changed(Change change) {
      waiting.getOrDefault(change.key(), new CopyOnWriteArrayList<>()).forEach(Semaphore::release);
    }

    @Override
    public void missed() {
      waiting.values().forEach(semaphores -> semaphores.forEach(Semaphore::release));
    }
  }

  /**
   * @return the record, or none if it is gone, once {@code wanted} holds; or as it is when time is
   *     over, which the caller tells by looking at it
   */
  Optional<VolumeRecord> until(
      String key, CallDeadline deadline, Predicate<Optional<VolumeRecord>> wanted) {
    Semaphore woken = new Semaphore(0);
    waiting.computeIfAbsent(key, absent -> new CopyOnWriteArrayList<>()).add(woken);
    try {
      while (true) {
        Optional<VolumeRecord> now = volumes.get(key).map(Versioned::value);
        if (wanted.test(now) || deadline.isOver()) {
          return now;
        }
        var _ = woken.tryAcquire(Math.min(deadline.leftNanos(), LOOK_NANOS), TimeUnit.NANOSECONDS);
        woken.drainPermits();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return volumes.get(key).map(Versioned::value);
    } finally {
      waiting.computeIfPresent(
          key,
          (same, semaphores) -> {
            semaphores.remove(woken);
            return semaphores.isEmpty() ? null : semaphores;
          });
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}
