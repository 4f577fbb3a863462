package io.ashlar.store.pool;

import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Spread;
import io.ashlar.model.VolumeId;
import io.ashlar.store.LogReplica;
import io.ashlar.store.ReplicaStore.Callback;
import io.ashlar.store.ReplicaStore.Result;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes what was found of a replica on several disks one state again, when they are opened: what is
 * left of shards that are elsewhere by now goes, disks that have no part get one, and all of them
 * get the newest state. A crash in the middle of it changes nothing of what is found then.
 */
final class Settling {
  private record Drop(PoolDisk disk, long firstBlock, long endBlock) {}

  private final DiskPool pool;
  private final Map<PoolDisk, LogReplica> parts;
  private final List<PoolDisk> deleted = new ArrayList<>();
  private final List<PoolDisk> created = new ArrayList<>();
  private final List<Drop> drops = new ArrayList<>();
  private final VolumeId volume;
  private ReplicaMeta meta;
  private boolean needed;

  /**
   * @param parts as found; those of another incarnation are taken out at once, and new ones come in
   * @param stayed ids of the disks that were in use until now without a break
   */
  Settling(DiskPool pool, Map<PoolDisk, LogReplica> parts, List<Long> stayed) {
    this.pool = pool;
    this.parts = parts;
    this.meta = PoolReplica.newest(parts.values()).meta();
    this.volume = meta.volume();
    takeOutOthers();
    lookAtDisks();
    parts.forEach(this::lookAtPart);
    takeWhatParts(stayed);
  }

  private void takeOutOthers() {
    for (Map.Entry<PoolDisk, LogReplica> part : new LinkedHashMap<>(parts).entrySet()) {
      ReplicaMeta its = part.getValue().meta();
      if (its.incarnation() != meta.incarnation() || its.replica() != meta.replica()) {
        deleted.add(part.getKey());
        parts.remove(part.getKey());
      }
    }
  }

  private void lookAtDisks() {
    for (PoolDisk disk : pool.disks()) {
      if (!parts.containsKey(disk)) {
        created.add(disk);
        meta = meta.withSpread(meta.spread().lost(disk.id()));
        needed = true;
      }
    }
  }

  /**
   * What the newest state says is on the disk stays there, whatever the disk's own state says: a
   * shard is given only to a disk that is there and has nothing old of it, and when it moves the
   * disk has all of it before.
   */
  private void lookAtPart(PoolDisk disk, LogReplica part) {
    Spread newest = meta.spread();
    needed |= part.meta().spread().sequence() != newest.sequence();
    long from = 0;
    for (int shard = 0; shard < newest.shardCount(); shard++) {
      if (newest.isOn(shard, disk.id())) {
        drop(disk, part, from, newest.firstBlock(shard));
        from = newest.endBlock(shard);
      }
    }
    drop(disk, part, from, newest.endBlock(Spread.SHARDS_MAX - 1));
  }

  private void drop(PoolDisk disk, LogReplica part, long firstBlock, long endBlock) {
    if (firstBlock < endBlock && part.holdsAnything(firstBlock, endBlock)) {
      drops.add(new Drop(disk, firstBlock, endBlock));
      needed = true;
    }
  }

  /**
   * How far the volume has come holds for all of it. What came back after a break may lack what it
   * had not made durable, unless it was closed, and cannot know; and if nothing stayed, a disk that
   * is not here may have a newer state.
   */
  private void takeWhatParts(List<Long> stayed) {
    boolean known = false;
    boolean broken = false;
    long newest = meta.spread().sequence();
    for (Map.Entry<PoolDisk, LogReplica> part : parts.entrySet()) {
      ReplicaMeta its = part.getValue().meta();
      meta =
          meta.withProgress(
              Math.max(meta.watermark(), its.watermark()),
              Math.max(meta.durableVersion(), its.durableVersion()));
      long disk = part.getKey().id();
      known |= stayed.contains(disk) && its.spread().sequence() == newest;
      broken |= !stayed.contains(disk) && meta.spread().countOn(disk) > 0 && !its.closed();
    }
    if ((broken || !known) && !meta.unclean()) {
      meta = meta.withUnclean(true);
      needed = true;
    }
  }

  /** What is known of the replica, whether it is settled or not. */
  ReplicaMeta meta() {
    return meta;
  }

  boolean isNeeded() {
    return needed;
  }

  /** Does it all; a disk that fails meanwhile is left out. */
  void run(PoolMeta state, Callback done) {
    if (needed) {
      each(deleted, this::delete, () -> dropAll(state, done));
    } else {
      pool.later(() -> done.done(Result.OK));
    }
  }

  private interface Step<T> {
    void take(T what, Callback done);
  }

  private <T> void each(List<T> all, Step<T> step, Runnable then) {
    Gather gather = new Gather(all.size() + 1, ignored -> then.run());
    all.forEach(what -> step.take(what, gather));
    pool.later(() -> gather.done(Result.OK));
  }

  private void delete(PoolDisk disk, Callback done) {
    pool.deletePart(disk, volume, done);
  }

  private void dropAll(PoolMeta state, Callback done) {
    each(drops, this::drop, () -> createAll(state, done));
  }

  private void drop(Drop drop, Callback done) {
    LogReplica part = parts.get(drop.disk);
    if (part == null) {
      pool.later(() -> done.done(Result.GONE));
    } else {
      part.drop(drop.firstBlock, drop.endBlock, result -> done.done(pool.seen(drop.disk, result)));
    }
  }

  private void createAll(PoolMeta state, Callback done) {
    each(created, this::create, () -> state.release(done));
  }

  /** A disk that is full goes without, and gets no shard. */
  private void create(PoolDisk disk, Callback done) {
    pool.createPart(
        disk,
        meta,
        result -> {
          if (result == Result.OK && !disk.isGone()) {
            parts.put(disk, disk.store().replica(volume).orElseThrow());
          }
          done.done(result);
        });
  }
}
