package io.ashlar.store.pool;

import io.ashlar.env.Roster.Known;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Spread;
import io.ashlar.model.VolumeId;
import io.ashlar.store.LogReplica;
import io.ashlar.store.StoreOpenException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Which sets of disks a pool refuses to open, and why. */
final class OpeningChecks {
  private OpeningChecks() {}

  static void refuseOddPools(List<Long> present) throws StoreOpenException {
    if (present.size() > Spread.DISKS_MAX) {
      throw new StoreOpenException(
          "%s disks, and a pool takes %s: name fewer", present.size(), Spread.DISKS_MAX);
    }
    if (new TreeSet<>(present).size() < present.size()) {
      throw new StoreOpenException(
          "two disks have the same id: one is a copy of the other, or is named twice; take one"
              + " out");
    }
  }

  static void refuseHalfPools(Map<VolumeId, Map<PoolDisk, LogReplica>> found, List<Long> present)
      throws StoreOpenException {
    for (Map<PoolDisk, LogReplica> parts : found.values()) {
      ReplicaMeta meta = PoolReplica.newest(parts.values()).meta();
      List<Long> missing = new ArrayList<>(meta.spread().disks());
      missing.removeAll(present);
      if (!missing.isEmpty()) {
        throw new StoreOpenException(
            "the disks with the ids %s are not here, and what this node knew of its disks is lost"
                + " with its state: they may have newer data of %s and others; bring them back, or"
                + " the node's state, or take all of the disks away to begin with blank ones",
            names(missing), meta.volume());
      }
    }
  }

  /** Blank disks in the place of all that a node had: more likely something is not mounted. */
  static void refuseToBeginAnew(Known known) throws StoreOpenException {
    if (!known.disks().isEmpty()) {
      throw new StoreOpenException(
          "none of the disks that this node had in use is here (ids %s), only blank ones: bring"
              + " them back, or, if they are lost for good, remove the file \"disks\" from the"
              + " node's state directory to begin anew",
          names(known.disks()));
    }
  }

  private static String names(List<Long> ids) {
    return ids.stream().map("%016x"::formatted).collect(Collectors.joining(", "));
  }

  static int highestEpoch(Map<VolumeId, Map<PoolDisk, LogReplica>> found) {
    int highest = 0;
    for (Map<PoolDisk, LogReplica> parts : found.values()) {
      for (LogReplica part : parts.values()) {
        highest = Math.max(highest, (int) (part.meta().spread().sequence() >>> Integer.SIZE));
      }
    }
    return highest;
  }
}
