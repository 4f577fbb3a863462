package io.ashlar.store.pool;

import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore.Callback;
import io.ashlar.store.ReplicaStore.Result;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/** What a replica has on each disk of the pool. Loop thread only. */
final class Parts {
  private final DiskPool pool;
  private final Map<PoolDisk, LogReplica> byDisk;

  /** Others that share the map see what changes here. */
  Parts(DiskPool pool, Map<PoolDisk, LogReplica> byDisk) {
    this.pool = pool;
    this.byDisk = byDisk;
  }

  void put(PoolDisk disk, LogReplica part) {
    byDisk.put(disk, part);
  }

  /** Whether there was one. */
  boolean remove(PoolDisk disk) {
    return byDisk.remove(disk) != null;
  }

  boolean has(PoolDisk disk) {
    return byDisk.containsKey(disk);
  }

  /** Null if there is none. */
  LogReplica on(PoolDisk disk) {
    return byDisk.get(disk);
  }

  Set<PoolDisk> disks() {
    return byDisk.keySet();
  }

  Collection<LogReplica> all() {
    return byDisk.values();
  }

  void forEach(BiConsumer<PoolDisk, LogReplica> task) {
    byDisk.forEach(task);
  }

  /** Asks all of them, those without shards too. */
  void onAll(BiConsumer<LogReplica, Callback> operation, Callback done) {
    Gather gather = new Gather(byDisk.size() + 1, done);
    new LinkedHashMap<>(byDisk)
        .forEach((disk, part) -> operation.accept(part, seenOn(disk, gather)));
    pool.later(() -> gather.done(pool.failed() ? Result.FAILED : Result.OK));
  }

  /** Lets the pool look at what a disk answers, then passes it on. */
  Callback seenOn(PoolDisk disk, Callback done) {
    return result -> done.done(pool.seen(disk, result));
  }

  /** What is answered for a disk that is not there. */
  Result gone() {
    return pool.failed() ? Result.FAILED : Result.GONE;
  }
}
