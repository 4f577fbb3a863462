package io.ashlar.protocol;

import io.ashlar.model.ReplicaMeta;
import io.ashlar.store.ReplicaStore;
import java.util.function.UnaryOperator;

/**
 * Changes a replica's durable state one step after the other: each change sees what the one before
 * it made, though that may still be on its way to the disk. Loop thread only.
 */
final class MetaWriter {
  private final ReplicaStore store;
  private ReplicaMeta latest;

  MetaWriter(ReplicaStore store) {
    this.store = store;
    this.latest = store.meta();
  }

  /** The state as it will be when everything under way is durable. */
  ReplicaMeta latest() {
    return latest;
  }

  /**
   * Makes the change durable and then runs {@code then}; never if the disk fails, since a replica
   * that cannot remember must not answer.
   */
  void change(UnaryOperator<ReplicaMeta> step, Runnable then) {
    latest = step.apply(latest);
    store.persistMeta(
        latest,
        result -> {
          if (result == ReplicaStore.Result.OK) {
            then.run();
          }
        });
  }
}
