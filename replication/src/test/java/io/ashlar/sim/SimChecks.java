package io.ashlar.sim;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.protocol.ReplicaMachine;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreEngine;
import io.ashlar.store.StoreProbe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * What must hold at certain moments of a run, seen from outside: promises, acknowledgements, joins.
 * It looks into the stores of all nodes at once, which no part of the cluster can.
 */
final class SimChecks {
  /** A copy as the map of one member has it. */
  private record Copy(long replica, BlockRun run) {}

  private final SimCluster cluster;

  /** Highest epoch that each node's replica has told anybody it has promised. */
  private final Map<NodeId, Integer> promised = new TreeMap<>();

  SimChecks(SimCluster cluster) {
    this.cluster = cluster;
  }

  // ---- promises

  void promiseAnswered(SimNode node, int epoch) {
    promised.merge(node.id(), epoch, Math::max);
  }

  /** I2: what was promised is found on the disk by every later process. */
  void processStarted(SimNode node) {
    int found =
        node.replicas()
            .replica(SimCluster.VOLUME)
            .map(machine -> machine.meta().promise().epoch())
            .orElse(Integer.MAX_VALUE);
    int told = promised.getOrDefault(node.id(), 0);
    if (found < told) {
      throw new SimFailure(
          "I2: " + node.id() + " has told its promise of " + told + " and remembers " + found);
    }
  }

  // ---- copies

  /** I9: all in-sync members that are up have equal kinds of content, versions and bytes. */
  void membersAreEqual(String when) {
    List<Copy> copies = new ArrayList<>();
    for (Member member : cluster.records().view().membership().members()) {
      if (member.inSync()) {
        copyOf(member, 0, cluster.options().blocks()).ifPresent(copies::add);
      }
    }
    equal(copies, "I9 " + when);
  }

  /** I6: a member has joined, nothing is in flight: it has what all others have. */
  void joined() {
    equal(trustedCopies(0, cluster.options().blocks()), "I6 at a join");
  }

  /**
   * I3: at the moment of an acknowledgement every member that the record may name holds the write.
   *
   * @param holdsData whether the blocks hold data now, if that is known
   * @param crcs one of which each block has, if it is known
   */
  void acknowledged(
      long firstBlock, int count, Optional<Boolean> holdsData, Optional<Set<Integer>> crcs) {
    List<Copy> copies = trustedCopies(firstBlock, count);
    equal(copies, "I3 at an acknowledgement");
    for (Copy copy : copies) {
      for (int i = 0; i < count; i++) {
        boolean isData = copy.run.kinds()[i] == BlockKind.DATA;
        boolean wrongKind = holdsData.isPresent() && isData != holdsData.get();
        if (wrongKind || (crcs.isPresent() && !crcs.get().contains(copy.run.crcs()[i]))) {
          throw new SimFailure(
              String.format(
                  "I3: block %s is acknowledged, and replica %s holds %s %x",
                  firstBlock + i, copy.replica, copy.run.kinds()[i], copy.run.versions()[i]));
        }
      }
    }
  }

  /**
   * Of every member that is in sync, or will be if a compare-and-set under way succeeds. One that
   * has lost power, or is not complete, is known for it and need not have everything.
   */
  private List<Copy> trustedCopies(long firstBlock, int count) {
    List<Copy> copies = new ArrayList<>();
    List<SortedSet<Long>> sets = cluster.records().possibleSets();
    for (Member member : cluster.records().view().membership().members()) {
      boolean named = sets.stream().anyMatch(set -> set.contains(member.replica()));
      if (named && trusted(cluster.node(member.node()), member)) {
        copyOf(member, firstBlock, count).ifPresent(copies::add);
      }
    }
    return copies;
  }

  // ---- power

  /**
   * I11: if everything lost its power now, each in-sync member would still have on its disk
   * whatever was flushed. Nothing happens to the cluster: copies of the disks are looked at.
   */
  void survivesBlackout(SimRng rng) {
    for (Member member : cluster.records().view().membership().members()) {
      if (member.inSync()) {
        survivesPowerLoss(cluster.node(member.node()), rng);
      }
    }
  }

  private void survivesPowerLoss(SimNode node, SimRng rng) {
    SimEvents events = new SimEvents();
    List<SimDisk> disks = new ArrayList<>();
    for (SimMedium medium : node.disks().working()) {
      disks.add(new SimDisk(medium.withoutPower(rng), events, rng));
    }
    StoreEngine engine = cluster.openEngine(disks, events::after, node.roster().copy());
    events.runUntil(events.now() + 1_000_000_000L);
    ReplicaStore store = engine.replica(SimCluster.VOLUME).orElseThrow();
    int unitBytes = cluster.options().unitBytes();
    boolean complete = store.isComplete(); // or it knows that it lacks what a disk had
    for (long block = 0; complete && block < cluster.options().blocks(); block++) {
      long at = block;
      store.read(block, 1, (result, run) -> survived(node, at, unitBytes, cluster.opened(run)));
      events.runUntil(events.now() + 1_000_000_000L);
    }
    engine.close();
  }

  private void survived(SimNode node, long block, int unitBytes, BlockRun run) {
    int units = BLOCK_BYTES / unitBytes;
    for (int i = 0; i < units && !cluster.damage().isOn(node, block); i++) {
      long unit = block * units + i;
      long stamp = stampIn(run, unit, i, unitBytes);
      cluster.history().checkSurvivor("the disk of " + node.id(), unit, stamp);
    }
    run.release();
  }

  /** Stamp of one unit of a run of one block, which is not sealed. */
  static long stampIn(BlockRun run, long unit, int index, int unitBytes) {
    return switch (run.kinds()[0]) {
      case DATA -> Stamps.of(unit, run.payload().view(index * unitBytes, unitBytes));
      case CORRUPT ->
          throw new SimFailure(
              String.format("unit %s is corrupt, version %x", unit, run.versions()[0]));
      case TOMBSTONE, UNMAPPED -> 0;
    };
  }

  // ---- who counts

  /** Clean, and either whole or joined by the attempt that the record knows. */
  static boolean trusted(SimNode node, Member member) {
    Optional<ReplicaMachine> machine = node.replicas().replica(SimCluster.VOLUME);
    return machine.isPresent()
        && machine.get().clean()
        && node.engine().replica(SimCluster.VOLUME).orElseThrow().isComplete()
        && (machine.get().whole()
            || machine.get().meta().incomplete().get().attempt() == member.joinAttempt());
  }

  private Optional<Copy> copyOf(Member member, long firstBlock, int count) {
    SimNode node = cluster.node(member.node());
    if (!node.up()) {
      return Optional.empty();
    }
    Optional<? extends ReplicaStore> store = node.engine().replica(SimCluster.VOLUME);
    return store.map(it -> new Copy(member.replica(), StoreProbe.peek(it, firstBlock, count)));
  }

  private static void equal(List<Copy> copies, String when) {
    for (int i = 1; i < copies.size(); i++) {
      compare(copies.getFirst(), copies.get(i), when);
    }
  }

  private static void compare(Copy left, Copy right, String when) {
    BlockRun a = left.run;
    BlockRun b = right.run;
    for (int i = 0; i < a.count(); i++) {
      boolean dataA = a.kinds()[i] == BlockKind.DATA;
      boolean dataB = b.kinds()[i] == BlockKind.DATA;
      boolean same =
          dataA == dataB
              && (!dataA || (a.versions()[i] == b.versions()[i] && a.crcs()[i] == b.crcs()[i]));
      if (!same) {
        throw new SimFailure(
            String.format(
                "%s: block %s is %s %x at replica %s and %s %x at replica %s",
                when,
                a.firstBlock() + i,
                a.kinds()[i],
                a.versions()[i],
                left.replica,
                b.kinds()[i],
                b.versions()[i],
                right.replica));
      }
    }
  }
}
