package io.ashlar.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * The disks of a simulated node, and what becomes of them over the lives of its processes. One that
 * breaks answers nothing but errors until its process ends, and is not there for the next one.
 */
final class SimDisks {
  private final SimCluster cluster;
  private final SimRng rng;
  private final List<SimMedium> mediums = new ArrayList<>();
  private final List<SimMedium> broken = new ArrayList<>();
  private List<SimDisk> open = List.of();

  SimDisks(SimCluster cluster, SimRng rng, int count) {
    this.cluster = cluster;
    this.rng = rng;
    for (int i = 0; i < count; i++) {
      mediums.add(blank());
    }
  }

  private SimMedium blank() {
    SimMedium medium = new SimMedium(cluster.options().diskBytes());
    SimStores.format(medium, cluster.events(), cluster.pool(), cluster.options(), rng.nextLong());
    return medium;
  }

  /** A process starts: handles on all disks that are there, the first one always the same. */
  List<SimDisk> open(SimRng handles) {
    List<SimDisk> all = new ArrayList<>();
    for (SimMedium medium : mediums) {
      if (!broken.contains(medium)) {
        all.add(new SimDisk(medium, cluster.events(), handles.fork("disk" + all.size())));
      }
    }
    open = all;
    return all;
  }

  List<SimDisk> open() {
    return open;
  }

  List<SimMedium> working() {
    return mediums.stream().filter(medium -> !broken.contains(medium)).toList();
  }

  /** One more of the process's disks can break, and something is left to it. */
  boolean canBreak() {
    return inUse().size() > 1;
  }

  private List<SimDisk> inUse() {
    return open.stream()
        .filter(disk -> mediums.contains(disk.medium()) && !disk.isBroken())
        .toList();
  }

  /** One of them answers nothing but errors from now on. */
  int breakOne(SimRng which) {
    SimDisk victim = inUse().get(which.nextInt(inUse().size()));
    broken.add(victim.medium());
    victim.breakDown();
    return mediums.indexOf(victim.medium());
  }

  boolean anyBroken() {
    return !broken.isEmpty();
  }

  /** The next process finds the broken ones as they were. */
  void comeBack() {
    broken.clear();
  }

  /** The next process finds blank ones in their places. */
  void replace() {
    for (SimMedium gone : broken) {
      mediums.set(mediums.indexOf(gone), blank());
    }
    broken.clear();
  }

  void crash() {
    open.forEach(SimDisk::crash);
  }

  void losePower() {
    open.forEach(SimDisk::losePower);
  }

  void slow(int factor) {
    open.forEach(disk -> disk.slow(factor));
  }

  void heal() {
    open.stream().filter(disk -> !disk.isBroken()).forEach(SimDisk::heal);
  }
}
