package io.ashlar.controller;

import io.ashlar.controller.failover.Fencer;
import io.ashlar.controller.reconcile.Cluster;
import io.ashlar.controller.reconcile.ReconcileLoop;
import io.ashlar.controller.reconcile.Sweeper;
import io.ashlar.controller.reconcile.VolumeReconciler;
import io.ashlar.controller.state.RecordCodec;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Change;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import io.ashlar.controller.store.ClusterStore.Subscription;
import io.ashlar.controller.store.ClusterStore.Watcher;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One term of the leader: the loops that work on volumes, and what tells them where to look. */
final class Leading implements AutoCloseable {
  private static final Duration SWEEP_VOLUMES = Duration.ofSeconds(2);
  private static final Duration SWEEP_ORPHANS = Duration.ofSeconds(30);

  private final VolumeReconciler reconciler;
  private final ReconcileLoop volumes;
  private final ReconcileLoop fences;
  private final Sweeper sweeper;
  private final Subscription watch;

  Leading(
      ClusterStore store,
      Cluster cluster,
      VolumeReconciler reconciler,
      Fencer fencer,
      Consumer<List<VolumeRecord>> observer) {
    this.reconciler = reconciler;
    this.volumes = new ReconcileLoop("volume", reconciler::step);
    this.fences = new ReconcileLoop("fence", fencer::step);
    this.sweeper = new Sweeper(cluster, reconciler, this::kick, observer);
    // The first sweep sees what was changed before this revision.
    long revision = store.list(Collection.VOLUMES).revision();
    this.watch = store.watch(Collection.VOLUMES, revision, new Changes());
    sweeper.start(SWEEP_VOLUMES, SWEEP_ORPHANS);
  }

  /** Calls at other controllers change records too. */
  private final class Changes implements Watcher {
    private final RecordCodec<VolumeRecord> codec = new RecordCodec<>(VolumeRecord.class);

    @Override
    public void changed(Change change) {
      boolean needsWork =
          change
              .entry()
              .map(Entry::value)
              .map(codec::read)
              .map(reconciler::needsWork)
              .orElse(false);
      if (needsWork) {
        kick(change.key());
      }
    }

    @Override
    public void missed() {
      sweeper.sweepSoon();
    }
  }

  void kick(String key) {
    fences.kick(key);
    volumes.kick(key);
  }

  Optional<String> problem(String key) {
    return fences.problem(key).or(() -> volumes.problem(key));
  }

  void sweepSoon() {
    sweeper.sweepSoon();
  }

  @Override
  public void close() {
    watch.close();
    sweeper.close();
    fences.close();
    volumes.close();
  }
}
