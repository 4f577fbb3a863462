package io.ashlar.store.pool;

import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;

/** Waits for several operations and tells the worst of their results. Loop thread only. */
final class Gather implements ReplicaStore.Callback {
  private final ReplicaStore.Callback done;
  private Result worst = Result.OK;
  private int outstanding;

  /**
   * @param count of operations that are going to tell this
   */
  Gather(int count, ReplicaStore.Callback done) {
    this.outstanding = count;
    this.done = done;
  }

  /** Before the last one has told. */
  void oneMore() {
    outstanding++;
  }

  @Override
  public void done(Result result) {
    if (result.compareTo(worst) > 0) {
      worst = result;
    }
    if (--outstanding == 0) {
      done.done(worst);
    }
  }
}
