package io.ashlar.disk;

import io.ashlar.env.Readiness;
import io.ashlar.env.Timers;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A loop that runs on the thread of the test. */
final class RealLoop implements Executor, Timers, Readiness {
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  /** With its delay: what looks for damage at leisure would go round faster than the disk. */
  @Override
  public void after(long delayNanos, Runnable task) {
    if (delayNanos <= 0) {
      tasks.add(task);
    } else {
      CompletableFuture.delayedExecutor(delayNanos, TimeUnit.NANOSECONDS, tasks::add).execute(task);
    }
  }

  @Override
  public Optional<Watched> whenReadable(int fd, Runnable task) {
    return Optional.empty();
  }

  /** Waits for one task and runs it. */
  void step() throws InterruptedException {
    Runnable task = tasks.poll(30, TimeUnit.SECONDS);
    if (task == null) {
      throw new IllegalStateException("nothing happened for 30 s");
    }
    task.run();
  }
}
