package io.ashlar.store.pool;

import io.ashlar.store.LogStore;
import io.ashlar.store.StoreEngine.Space;

/** One disk of a pool. Loop thread only. */
final class PoolDisk {
  private final LogStore store;
  private boolean gone;
  private boolean draining;

  PoolDisk(LogStore store) {
    this.store = store;
  }

  LogStore store() {
    return store;
  }

  long id() {
    return store.identity().diskId();
  }

  /** It has failed: nothing is asked of it any more. */
  boolean isGone() {
    return gone;
  }

  void goes() {
    gone = true;
  }

  /** It gets no shard any more. */
  boolean isDraining() {
    return draining;
  }

  void drains(boolean now) {
    draining = now;
  }

  /** Bytes that count for choosing a disk: all that it could hold, thin as volumes are. */
  long capacityBytes() {
    return Math.max(1, store.space().totalBytes());
  }

  Space space() {
    return store.space();
  }
}
