package io.ashlar.node.csi;

import io.ashlar.node.csi.RefusedException.Kind;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs the operations of a volume one after the other, on platform threads. An operation survives
 * its caller: who repeats the same request while it runs or waits joins it. A volume whose queue is
 * full refuses, so that a device that hangs does not collect threads.
 */
final class VolumeTasks implements AutoCloseable {
  /** Something to do for a volume. */
  interface Task<T> {
    T run() throws IOException;
  }

  private record Entry(Object request, CompletableFuture<Object> outcome, Runnable work) {}

  private static final int WAITING_MAX = 32;
  private static final Duration MARGIN = Duration.ofMillis(200);

  private final Duration longestWait;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> Thread.ofPlatform().name("csi-volume").daemon().unstarted(task));
  private final Map<String, Deque<Entry>> queues = new HashMap<>();

  VolumeTasks(Duration longestWait) {
    this.longestWait = longestWait;
  }

  /**
   * Runs or joins, and waits as long as the caller does.
   *
   * @param request equal requests are one operation
   * @throws RefusedException IN_PROGRESS when the wait is over before the work
   */
  <T> T run(String volumeId, Object request, Class<T> type, Task<T> task) throws IOException {
    CompletableFuture<Object> outcome = enqueue(volumeId, request, task);
    try {
      return type.cast(outcome.get(waitNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException over) {
      throw new RefusedException(
          Kind.IN_PROGRESS,
          "the operation on volume %s goes on; repeat the call to join it",
          volumeId);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new RefusedException(Kind.IN_PROGRESS, "the operation on volume %s goes on", volumeId);
    } catch (ExecutionException failed) {
      throw rethrown(failed.getCause());
    }
  }

  private static IOException rethrown(Throwable cause) {
    return switch (cause) {
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case IOException failed -> failed;
      default -> new IOException(cause);
    };
  }

  private long waitNanos() {
    Deadline deadline = Context.current().getDeadline();
    long longest = longestWait.toNanos();
    return deadline == null
        ? longest
        : Math.min(longest, deadline.timeRemaining(TimeUnit.NANOSECONDS) - MARGIN.toNanos());
  }

  private CompletableFuture<Object> enqueue(String volumeId, Object request, Task<?> task) {
    synchronized (queues) {
      Deque<Entry> queue = queues.computeIfAbsent(volumeId, any -> new ArrayDeque<>());
      // Only the last one: after it the volume is as this caller wants it. One that has ended is
      // an answer to what was so before this caller came.
      Entry last = queue.peekLast();
      if (last != null && last.request().equals(request) && !last.outcome().isDone()) {
        return last.outcome();
      }
      if (queue.size() > WAITING_MAX) {
        throw new RefusedException(
            Kind.IN_PROGRESS, "too many operations wait for volume %s", volumeId);
      }
      CompletableFuture<Object> outcome = new CompletableFuture<>();
      queue.add(new Entry(request, outcome, () -> perform(task, outcome)));
      if (queue.size() == 1) {
        threads.execute(() -> drain(volumeId, queue));
      }
      return outcome;
    }
  }

  private static void perform(Task<?> task, CompletableFuture<Object> outcome) {
    try {
      outcome.complete(task.run());
    } catch (Exception | Error failed) {
      outcome.completeExceptionally(failed);
    }
  }

  private void drain(String volumeId, Deque<Entry> queue) {
    Entry entry = head(queue);
    while (entry != null) {
      entry.work().run();
      entry = next(volumeId, queue);
    }
  }

  private Entry head(Deque<Entry> queue) {
    synchronized (queues) {
      return queue.peekFirst();
    }
  }

  private Entry next(String volumeId, Deque<Entry> queue) {
    synchronized (queues) {
      queue.removeFirst();
      if (queue.isEmpty()) {
        queues.remove(volumeId);
      }
      return queue.peekFirst();
    }
  }

  /** Takes no new work; what runs goes on. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
