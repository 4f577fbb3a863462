package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at everything from time to time, so that nothing is forgotten that a dead controller, a
 * lost kick or a node's return has left behind.
 */
public final class Sweeper implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Sweeper.class);

  /** Volumes, graves and orphans each have a thread: a slow node delays no other sweep. */
  private static final int SWEEPS = 3;

  private final Cluster cluster;
  private final VolumeReconciler reconciler;
  private final ReplicaCollector collector;
  private final Consumer<String> kick;
  private final Consumer<List<VolumeRecord>> observer;
  private final ScheduledExecutorService timer =
      Executors.newScheduledThreadPool(SWEEPS, Thread.ofVirtual().name("sweeper-", 0).factory());

  /**
   * @param kick has a volume's work looked at
   * @param observer shown all volumes at every sweep
   */
  public Sweeper(
      Cluster cluster,
      VolumeReconciler reconciler,
      Consumer<String> kick,
      Consumer<List<VolumeRecord>> observer) {
    this.cluster = cluster;
    this.reconciler = reconciler;
    this.collector = new ReplicaCollector(cluster);
    this.kick = kick;
    this.observer = observer;
  }

  public Sweeper start(Duration volumesEvery, Duration orphansEvery) {
    every(volumesEvery, this::sweepVolumes);
    every(volumesEvery, collector::emptyGraves);
    every(orphansEvery, this::sweepOrphans);
    return this;
  }

  /** Volumes, now: a node has come (back). */
  public void sweepSoon() {
    timer.execute(guarded(this::sweepVolumes));
  }

  private void every(Duration period, Runnable sweep) {
    var _ =
        timer.scheduleWithFixedDelay(guarded(sweep), 0, period.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** A failed sweep is said and repeated; it must not end the timer. */
  private static Runnable guarded(Runnable sweep) {
    return () -> {
      try {
        sweep.run();
      } catch (RuntimeException failed) {
        log.warn("sweep failed error={}", failed.toString());
      }
    };
  }

  private void sweepVolumes() {
    List<Versioned<VolumeRecord>> volumes = cluster.volumes().list();
    for (Versioned<VolumeRecord> volume : volumes) {
      if (reconciler.needsWork(volume.value())) {
        kick.accept(volume.key());
      }
    }
    observer.accept(volumes.stream().map(Versioned::value).toList());
  }

  private void sweepOrphans() {
    for (NodeStatus node : cluster.nodes().all()) {
      if (node.reachable()) {
        try {
          collector.collectOrphans(node.id());
        } catch (AgentException failed) {
          log.info("replicas not listed node={} error={}", node.id(), failed.getMessage());
        }
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
