package io.ashlar.store.pool;

import io.ashlar.store.ReplicaStore.Callback;

/** Counts writes, to tell when all that had begun at some moment are over. Loop thread only. */
final class WritesUnderWay {
  private final int[] counts = new int[2];
  private int now;
  private Runnable whenOver;

  /** A write begins; its outcome has to come to what is returned. */
  Callback begin(Callback done) {
    int mine = now;
    counts[mine]++;
    return result -> {
      counts[mine]--;
      done.done(result);
      look();
    };
  }

  /** Runs the task once everything begun before is over; one at a time. Perhaps at once. */
  void afterThese(Runnable task) {
    whenOver = task;
    now = 1 - now;
    look();
  }

  private void look() {
    if (whenOver != null && counts[1 - now] == 0) {
      Runnable task = whenOver;
      whenOver = null;
      task.run();
    }
  }
}
