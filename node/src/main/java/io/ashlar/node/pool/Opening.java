package io.ashlar.node.pool;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Something that is opened by a thread of its own meanwhile. */
public final class Opening<T> {
  private final FutureTask<T> task;

  private Opening(FutureTask<T> task) {
    this.task = task;
  }

  /**
   * @param thread name of the thread, which ends with the task
   */
  public static <T> Opening<T> begin(String thread, Callable<T> open) {
    FutureTask<T> task = new FutureTask<>(open);
    Thread.ofPlatform().name(thread).daemon().start(task);
    return new Opening<>(task);
  }

  /** Waits for it; what it throws is thrown here. */
  public T result() throws IOException, InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case IOException refused -> throw refused;
        case RuntimeException broken -> throw broken;
        case Throwable other -> throw new IllegalStateException(other);
      }
    }
  }
}
