package io.ashlar.controller.store.kubernetes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.ashlar.controller.store.LeaderElection;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link LeaderElection} by a Lease (coordination.k8s.io/v1). A leader that cannot renew it within
 * {@link #RENEW} stops leading before {@link #LEASE} lets another one begin, and stands again.
 */
public final class LeaseElection implements LeaderElection {
  private static final Logger log = LoggerFactory.getLogger(LeaseElection.class);
  private static final String LEASE_NAME = "ashlar-controller";

  /** A leader that ends in order gives the lease up; this is waited for after one that died. */
  private static final Duration LEASE = Duration.ofSeconds(8);

  private static final Duration RENEW = Duration.ofSeconds(5);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final KubernetesClient client;
  private final String namespace;
  private final String name;

  /**
   * @param name of this controller, its own among those that are alive
   */
  public LeaseElection(KubernetesClient client, String namespace, String name) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  @Override
  public Candidacy stand(Candidate candidate) {
    return new Standing(candidate).begin();
  }

  private final class Standing implements Candidacy {
    private final Candidate candidate;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @GuardedBy("this")
    private CompletableFuture<?> round = CompletableFuture.completedFuture(null);

    @GuardedBy("this")
    private boolean leading;

    @GuardedBy("this")
    private boolean closed;

    Standing(Candidate candidate) {
      this.candidate = candidate;
    }

    synchronized Standing begin() {
      if (!closed) {
        round = new LeaderElector(client, config(), threads).start();
        var _ = round.whenComplete((done, failed) -> again());
      }
      return this;
    }

    /** An elector is good for one term. */
    private void again() {
      lead(false);
      synchronized (this) {
        if (!closed) {
          var _ =
              CompletableFuture.runAsync(
                  this::begin,
                  CompletableFuture.delayedExecutor(
                      RETRY.toMillis(), TimeUnit.MILLISECONDS, threads));
        }
      }
    }

    private LeaderElectionConfig config() {
      return new LeaderElectionConfigBuilder()
          .withName(LEASE_NAME)
          .withLeaseDuration(LEASE)
          .withRenewDeadline(RENEW)
          .withRetryPeriod(RETRY)
          .withReleaseOnCancel(true)
          .withLock(new LeaseLock(namespace, LEASE_NAME, name))
          .withLeaderCallbacks(
              new LeaderCallbacks(() -> lead(true), () -> lead(false), this::tellLeader))
          .build();
    }

    private void tellLeader(String leader) {
      log.info("leader leader={} self={}", leader, name);
    }

    private synchronized void lead(boolean wanted) {
      if (wanted == leading || (wanted && closed)) {
        return;
      }
      leading = wanted;
      if (wanted) {
        electedOrAgain();
      } else {
        candidate.deposed();
      }
    }

    @GuardedBy("this")
    private void electedOrAgain() {
      try {
        candidate.elected();
      } catch (RuntimeException failed) {
        log.warn("elected, but cannot lead", failed);
        leading = false;
        round.cancel(true);
      }
    }

    @Override
    public void close() {
      CompletableFuture<?> current;
      synchronized (this) {
        closed = true;
        current = round;
      }
      lead(false);
      current.cancel(true);
      threads.shutdown();
    }
  }
}
