package io.ashlar.sim;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreProbe;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Blocks that rot on a disk, or cannot be read any more. All of them are on one node at a time, and
 * are mended by magic as soon as that node holds the only copy: a block whose last copy is gone is
 * gone, and proves nothing.
 */
final class SimDamage {
  private record Damaged(
      NodeId node, SimMedium medium, long block, long version, long offset, byte[] good) {}

  private final SimCluster cluster;
  private final SimRng rng;
  private final List<Damaged> outstanding = new ArrayList<>();
  private boolean struck;

  /** When each block was mended: by then a read may have found it damaged. */
  private final Map<Long, Long> mendedAt = new TreeMap<>();

  SimDamage(SimCluster cluster, SimRng rng) {
    this.cluster = cluster;
    this.rng = rng;
  }

  boolean any() {
    return !outstanding.isEmpty();
  }

  /** A copy that was carried on damaged differs in its digest, and that is right. */
  boolean everAny() {
    return struck;
  }

  /** Whether this node's copy of the block is damaged. */
  boolean isOn(SimNode node, long block) {
    return outstanding.stream().anyMatch(it -> it.node.equals(node.id()) && it.block == block);
  }

  /**
   * Whether the last copy of one of these blocks was damaged while a request ran: it found it so
   * before it was mended.
   */
  boolean mendedSince(long start, long firstBlock, long count) {
    for (long block = firstBlock; block < firstBlock + count; block++) {
      if (mendedAt.getOrDefault(block, -1L) >= start) {
        return true;
      }
    }
    return false;
  }

  /** Damages a block that is not damaged yet. */
  void strike(SimNode node) {
    boolean elsewhere = outstanding.stream().anyMatch(it -> !it.node.equals(node.id()));
    Membership membership = cluster.records().view().membership();
    boolean member = membership.memberOn(node.id()).filter(Member::inSync).isPresent();
    if (!node.up() || elsewhere || !member || isOnlyCopy(node)) {
      return;
    }
    ReplicaStore store = node.engine().replica(SimCluster.VOLUME).orElseThrow();
    for (int i = 0; i < 50; i++) {
      long block = cluster.pickBlock(rng);
      OptionalLong offset = StoreProbe.settledOffset(store, block);
      if (offset.isPresent() && outstanding.stream().noneMatch(it -> it.block == block)) {
        damage(node, store, block, offset.getAsLong(), false);
        return;
      }
    }
  }

  /**
   * Damages neighbours, each on another node, so that no copy has both; returns the first of them,
   * or -1 if there are none that it could be done to.
   */
  long strikeNeighbours(SimNode one, SimNode other) {
    ReplicaStore here = one.engine().replica(SimCluster.VOLUME).orElseThrow();
    ReplicaStore there = other.engine().replica(SimCluster.VOLUME).orElseThrow();
    for (long block = 0; block + 1 < cluster.options().blocks(); block++) {
      OptionalLong first = StoreProbe.settledOffset(here, block);
      OptionalLong second = StoreProbe.settledOffset(there, block + 1);
      if (first.isPresent() && second.isPresent()) {
        damage(one, here, block, first.getAsLong(), true);
        damage(other, there, block + 1, second.getAsLong(), true);
        return block;
      }
    }
    return -1;
  }

  /**
   * @param alone what is packed in the same pages stays good
   */
  private void damage(SimNode node, ReplicaStore store, long block, long offset, boolean alone) {
    byte[] good = new byte[StoreProbe.storedBytes(store, block)];
    SimDisk disk = node.diskOf(block);
    disk.medium().read(offset, good);
    long version = StoreProbe.version(store, block);
    outstanding.add(new Damaged(node.id(), disk.medium(), block, version, offset, good));
    struck = true;
    boolean shared = good.length < BLOCK_BYTES;
    if (rng.oneIn(3) && !(shared && alone)) {
      cluster.summary().unreadable++;
      cluster.note("unreadable block " + block + " at " + node.id());
      disk.badSectors(offset, good.length);
    } else {
      cluster.summary().bitRot++;
      cluster.note("bit rot in block " + block + " at " + node.id());
      disk.medium().flipBit(offset + rng.nextInt(good.length), rng.nextInt(8));
    }
  }

  /** Something has changed: the damaged copy may have become the last one. */
  void look() {
    if (any() && isOnlyCopy(cluster.node(outstanding.getFirst().node))) {
      mendAll();
    }
  }

  /** No other member can be trusted with the data, in some set that the record may come to hold. */
  private boolean isOnlyCopy(SimNode node) {
    Membership membership = cluster.records().view().membership();
    return cluster.records().possibleSets().stream()
        .anyMatch(
            set ->
                membership.members().stream()
                    .filter(it -> set.contains(it.replica()) && !it.node().equals(node.id()))
                    .noneMatch(
                        it ->
                            cluster.node(it.node()).up()
                                && SimChecks.trusted(cluster.node(it.node()), it)));
  }

  /** Every damaged copy was found, read or not, and is good again, or not needed any more. */
  boolean allRepaired() {
    return outstanding.stream().allMatch(this::isRepaired);
  }

  private boolean isRepaired(Damaged damaged) {
    SimNode node = cluster.node(damaged.node);
    ReplicaStore store = node.engine().replica(SimCluster.VOLUME).orElseThrow();
    OptionalLong offset = StoreProbe.offset(store, damaged.block);
    if (offset.isEmpty() || StoreProbe.version(store, damaged.block) != damaged.version) {
      return true;
    }
    byte[] found = new byte[damaged.good.length];
    SimMedium medium = node.diskOf(damaged.block).medium();
    medium.read(offset.getAsLong(), found);
    boolean elsewhere = medium != damaged.medium || offset.getAsLong() != damaged.offset;
    return elsewhere && Arrays.equals(found, damaged.good);
  }

  void mendAll() {
    for (Damaged damaged : outstanding) {
      SimNode node = cluster.node(damaged.node);
      node.disks().heal();
      mendedAt.put(damaged.block, cluster.events().now());
      ReplicaStore store = node.engine().replica(SimCluster.VOLUME).orElseThrow();
      OptionalLong offset = StoreProbe.offset(store, damaged.block);
      if (offset.isPresent() && StoreProbe.version(store, damaged.block) == damaged.version) {
        node.diskOf(damaged.block).medium().poke(offset.getAsLong(), damaged.good);
      }
    }
    outstanding.clear();
  }
}
