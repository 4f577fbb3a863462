package io.ashlar.store.pool;

import static io.ashlar.model.Invariants.check;

import io.ashlar.store.LogReplica;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Space that a replica was promised. Nobody knows yet on which disk it will be used, so every disk
 * promises all of it. One that cannot takes no shard of this replica until everything promised was
 * used or given back; if it has one already, there is no promise. Loop thread only.
 */
final class Promises {
  private final Map<PoolDisk, LogReplica> promising = new LinkedHashMap<>();
  private final Map<PoolDisk, LogReplica> full = new LinkedHashMap<>();
  private final Predicate<PoolDisk> hasShards;
  private int blocks;

  /**
   * @param hasShards whether a disk has some of this replica
   */
  Promises(Predicate<PoolDisk> hasShards) {
    this.hasShards = hasShards;
  }

  /** Only while nothing is promised, or for a disk that was there before. */
  void add(PoolDisk disk, LogReplica part) {
    if (blocks == 0 || part.reserve(blocks)) {
      promising.put(disk, part);
    } else {
      full.put(disk, part);
    }
  }

  void remove(PoolDisk disk) {
    promising.remove(disk);
    full.remove(disk);
  }

  /** Disks that a shard may be placed on. */
  List<PoolDisk> candidates() {
    return List.copyOf(promising.keySet());
  }

  boolean reserve(int more) {
    List<PoolDisk> asked = new ArrayList<>();
    List<PoolDisk> refusing = new ArrayList<>();
    for (Map.Entry<PoolDisk, LogReplica> each : promising.entrySet()) {
      if (each.getValue().reserve(more)) {
        asked.add(each.getKey());
      } else {
        refusing.add(each.getKey());
      }
    }
    if (asked.isEmpty() || refusing.stream().anyMatch(hasShards)) {
      asked.forEach(disk -> promising.get(disk).unreserve(more));
      return false;
    }
    for (PoolDisk disk : refusing) {
      LogReplica part = promising.remove(disk);
      part.unreserve(blocks);
      full.put(disk, part);
    }
    blocks += more;
    return true;
  }

  void unreserve(int fewer) {
    promising.values().forEach(part -> part.unreserve(fewer));
    gone(fewer);
  }

  /** Some of it is about to be used there; the disks that it is on give it back themselves. */
  void use(Stretch there, int used) {
    promising.forEach(
        (disk, part) -> {
          if (disk != there.disk() && disk != there.mirror()) {
            part.unreserve(used);
          }
        });
    gone(used);
  }

  private void gone(int fewer) {
    check(fewer <= blocks, "%s blocks given back of %s promised", fewer, blocks);
    blocks -= fewer;
    if (blocks == 0) {
      promising.putAll(full);
      full.clear();
    }
  }
}
