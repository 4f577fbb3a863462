package io.ashlar.controller.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.store.LeaderElection;
import io.ashlar.controller.store.LeaderElection.Candidacy;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Elections by a Lease of a real API server. */
@Tag("server")
final class LeaseElectionTest {
  @TempDir static Path folder;
  private static ApiServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server = new ApiServer(folder);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  /** Counts who leads, all together. */
  private static final class Leader implements LeaderElection.Candidate {
    private final AtomicInteger leaders;
    private volatile boolean leads;

    Leader(AtomicInteger leaders) {
      this.leaders = leaders;
    }

    @Override
    public void elected() {
      assertThat(leaders.incrementAndGet()).as("leaders at a time").isEqualTo(1);
      leads = true;
    }

    @Override
    public void deposed() {
      leads = false;
      leaders.decrementAndGet();
    }
  }

  private static Candidacy stand(String name, Leader leader) {
    return new LeaseElection(server.client(), "default", name).stand(leader);
  }

  private static void await(BooleanSupplier wanted) throws InterruptedException {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!wanted.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(endNanos);
      Thread.sleep(20);
    }
  }

  @Test
  void oneLeadsAndWhenItEndsTheOtherDoes() throws Exception {
    AtomicInteger leaders = new AtomicInteger();
    Leader first = new Leader(leaders);
    Leader second = new Leader(leaders);
    Candidacy candidacy = stand("first", first);
    await(() -> first.leads);
    try (Candidacy other = stand("second", second)) {
      assertThat(other).isNotNull();
      Thread.sleep(3_000);
      assertThat(second.leads).isFalse();
      candidacy.close();
      await(() -> second.leads);
      assertThat(first.leads).isFalse();
    }
    assertThat(leaders).hasValue(0);
  }

  @Test
  void whoCannotRenewStopsLeadingAndLeadsAgainLater() throws Exception {
    AtomicInteger leaders = new AtomicInteger();
    Leader only = new Leader(leaders);
    try (Candidacy candidacy = stand("only", only)) {
      assertThat(candidacy).isNotNull();
      await(() -> only.leads);
      server.kill();
      await(() -> !only.leads);
      server.restart();
      await(() -> only.leads);
    }
  }
}
