package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Calls to several nodes at the same time; waits for all. */
final class Fanout {
  private Fanout() {}

  /** One call; agents' own deadlines bound it. */
  @FunctionalInterface
  interface Call<T> {
    void run(T target) throws AgentException;
  }

  /** What each target's call came to: empty if it was done. */
  static <T> Map<T, Optional<AgentException>> toAll(List<T> targets, Call<T> call) {
    Map<T, Optional<AgentException>> outcomes = new LinkedHashMap<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Optional<AgentException>>> futures = new ArrayList<>();
      for (T target : targets) {
        futures.add(threads.submit(() -> outcome(target, call)));
      }
      for (int index = 0; index < targets.size(); index++) {
        outcomes.put(targets.get(index), futures.get(index).get());
      }
    } catch (ExecutionException failed) {
      throw new IllegalStateException("a call to a node broke", failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
    return outcomes;
  }

  private static <T> Optional<AgentException> outcome(T target, Call<T> call) {
    try {
      call.run(target);
      return Optional.empty();
    } catch (AgentException failed) {
      return Optional.of(failed);
    }
  }
}
