package io.ashlar.controller.store.kubernetes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Subscription;
import io.ashlar.controller.store.ClusterStore.Watcher;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One watch of one collection. The client library connects again by itself, from the last version
 * it heard of; when that has expired, the watcher is told that it missed something and the watch
 * begins anew at what the collection is now. The watcher runs on this watch's thread only.
 */
final class ResourceWatch implements Subscription {
  private static final Logger log = LoggerFactory.getLogger(ResourceWatch.class);
  private static final Duration AGAIN = Duration.ofMillis(500);

  private final MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      resources;
  private final Layout layout;
  private final Watcher watcher;
  private final ScheduledExecutorService teller =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("store-watch").factory());
  private final long fromRevision;

  @GuardedBy("this")
  private Optional<Watch> watch = Optional.empty();

  @GuardedBy("this")
  private boolean closed;

  ResourceWatch(
      MixedOperation<
              GenericKubernetesResource,
              GenericKubernetesResourceList,
              Resource<GenericKubernetesResource>>
          resources,
      Layout layout,
      long fromRevision,
      Watcher watcher) {
    this.resources = resources;
    this.layout = layout;
    this.fromRevision = fromRevision;
    this.watcher = watcher;
  }

  ResourceWatch start() {
    teller.execute(() -> open(fromRevision));
    return this;
  }

  private void open(long revision) {
    try {
      ListOptions from =
          new ListOptionsBuilder()
              .withResourceVersion(Long.toString(revision))
              .withAllowWatchBookmarks(true)
              .build();
      hold(resources.watch(from, new Listener()));
    } catch (KubernetesClientException failed) {
      log.info("watch not opened reason={}", failed.getMessage());
      later(() -> open(revision));
    }
  }

  private synchronized void hold(Watch opened) {
    if (closed) {
      opened.close();
    } else {
      watch = Optional.of(opened);
    }
  }

  /** Something was missed for certain: what is now is the new beginning. */
  private void beginAnew() {
    try {
      long now = Layout.revision(resources.list().getMetadata().getResourceVersion());
      tell(watcher::missed);
      open(now);
    } catch (KubernetesClientException failed) {
      later(this::beginAnew);
    }
  }

  private synchronized void later(Runnable task) {
    if (!closed) {
      long millis = AGAIN.toMillis();
      var _ =
          teller.schedule(
              task, millis + ThreadLocalRandom.current().nextLong(millis), TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void soon(Runnable task) {
    if (!closed) {
      teller.execute(task);
    }
  }

  private void tell(Runnable what) {
    try {
      what.run();
    } catch (RuntimeException failed) {
      log.error("watcher failed", failed);
    }
  }

  /** Called by the library, on its threads, in order. */
  private final class Listener
      implements io.fabric8.kubernetes.client.Watcher<GenericKubernetesResource> {
    @Override
    public void eventReceived(Action action, GenericKubernetesResource resource) {
      switch (action) {
        case ADDED, MODIFIED -> changed(resource, Optional.of(layout.entry(resource)));
        case DELETED -> changed(resource, Optional.empty());
        case BOOKMARK, ERROR -> log.trace("watch event {}", action);
      }
    }

    private void changed(
        GenericKubernetesResource resource,
        Optional<io.ashlar.controller.store.ClusterStore.Entry> entry) {
      Change change =
          new Change(resource.getMetadata().getName(), entry, Layout.revision(resource));
      soon(() -> tell(() -> watcher.changed(change)));
    }

    @Override
    public void onClose(WatcherException cause) {
      log.info("watch begins anew reason={}", cause.getMessage());
      soon(ResourceWatch.this::beginAnew);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    watch.ifPresent(Watch::close);
    teller.shutdownNow();
  }
}
