package io.ashlar.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ReconcileLoopTest {
  private final AtomicInteger runs = new AtomicInteger();

  private void awaitRuns(int wanted) throws InterruptedException {
    for (int look = 0; look < 500 && runs.get() < wanted; look++) {
      Thread.sleep(10);
    }
    assertThat(runs).hasValueGreaterThanOrEqualTo(wanted);
  }

  @Test
  void aKickDuringTheWorkRunsItAgainAndNeverTwiceAtOnce() throws InterruptedException {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger insideMax = new AtomicInteger();
    try (ReconcileLoop loop =
        new ReconcileLoop(
            "test",
            key -> {
              insideMax.accumulateAndGet(inside.incrementAndGet(), Math::max);
              started.countDown();
              awaitQuietly(release);
              inside.decrementAndGet();
              runs.incrementAndGet();
              return Step.DONE;
            })) {
      loop.kick("a");
      assertThat(started.await(5, TimeUnit.SECONDS)).isTrue();
      loop.kick("a");
      loop.kick("a");
      release.countDown();
      awaitRuns(2);
    }
    assertThat(insideMax).hasValue(1);
    assertThat(runs).hasValue(2);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(5, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aKickEndsAWaitAndTheProblemIsForgottenWhenDone() throws InterruptedException {
    try (ReconcileLoop loop =
        new ReconcileLoop(
            "test",
            key ->
                runs.incrementAndGet() == 1
                    ? Step.after(Duration.ofMinutes(1), "waiting for %s", key)
                    : Step.DONE)) {
      loop.kick("a");
      awaitRuns(1);
      for (int look = 0; look < 100 && loop.problem("a").isEmpty(); look++) {
        Thread.sleep(10);
      }
      assertThat(loop.problem("a")).contains("waiting for a");
      loop.kick("a");
      awaitRuns(2);
      for (int look = 0; look < 100 && loop.problem("a").isPresent(); look++) {
        Thread.sleep(10);
      }
      assertThat(loop.problem("a")).isEmpty();
    }
  }

  @Test
  void workThatFailsIsRepeated() throws InterruptedException {
    try (ReconcileLoop loop =
        new ReconcileLoop(
            "test",
            key -> {
              if (runs.incrementAndGet() < 3) {
                throw new IllegalStateException("not yet");
              }
              return Step.DONE;
            })) {
      loop.kick("a");
      awaitRuns(3);
    }
  }
}
