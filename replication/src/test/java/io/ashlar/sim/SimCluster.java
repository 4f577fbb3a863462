package io.ashlar.sim;

import io.ashlar.block.BlockRun;
import io.ashlar.env.Disk;
import io.ashlar.env.Roster;
import io.ashlar.env.Timers;
import io.ashlar.model.Attachment;
import io.ashlar.model.Blocks;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.protocol.CoordinatorCounters;
import io.ashlar.protocol.CoordinatorState;
import io.ashlar.protocol.Timing;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.seal.Opener;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.pool.DiskPool;
import io.ashlar.wire.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * A cluster with one volume, made from a seed and run through a faulty phase and a quiet one. What
 * must hold at every moment is checked as it happens; at the end everything has to be in sync,
 * equal and linearizable.
 */
public final class SimCluster {
  static final long CLUSTER_ID = 0xA5A5;
  static final VolumeId VOLUME = new VolumeId("vol-sim");
  static final long SECOND = 1_000_000_000L;
  private static final long QUIET_SECONDS_MAX = 300;

  private final long seed;
  private final SimOptions options;
  private final SimEvents events = new SimEvents();
  private final SimRng rng;
  private final SimPool pool = new SimPool();
  private final SimNetwork network;
  private final SimRecordStore records;
  private final Map<NodeId, SimNode> nodes = new TreeMap<>();
  private final History history = new History();
  private final SimSummary summary = new SimSummary();
  private final SimChecks checks = new SimChecks(this);
  private final SimDamage damage;
  private final SimOperator operator;
  private final EndingFaults ending;
  private final Nemesis nemesis;
  private final StringBuilder trace = new StringBuilder();
  private final boolean verbose;
  private long traceHash = 1125899906842597L;
  private long stamps;
  private boolean loadOn = true;
  private boolean quiet;
  private final SimRng hotSpots;
  private long hotExtent;
  private long hotUntil;

  public SimCluster(long seed, boolean verbose) {
    this.seed = seed;
    this.verbose = verbose;
    this.rng = new SimRng(seed);
    this.hotSpots = rng.fork("hot spots");
    this.options = SimOptions.of(rng.fork("options"));
    events.runUntil(SECOND);
    this.network = new SimNetwork(events, rng.fork("network"), nodes::get, this::sent);
    for (int i = 1; i <= options.nodes(); i++) {
      NodeId id = new NodeId("n" + i);
      SimRng own = rng.fork("node" + i);
      SimRng ofDisks = own.fork("disks");
      int count = 1 + ofDisks.nextInt(options.disks());
      nodes.put(id, new SimNode(this, id, own, new SimDisks(this, ofDisks, count)));
    }
    this.records = new SimRecordStore(events, rng.fork("store"), firstView(), this::changed);
    this.operator = new SimOperator(this, rng.fork("operator"));
    this.ending = new EndingFaults(this, operator);
    this.damage = new SimDamage(this, rng.fork("damage"));
    this.nemesis = new Nemesis(this, rng.fork("nemesis"));
  }

  private VolumeView firstView() {
    List<Member> members = new ArrayList<>();
    int number = 0;
    for (NodeId id : nodes.keySet()) {
      number++;
      if (number <= options.copies()) {
        members.add(new Member(number, id, "default", 1000 + number, ReplicaState.IN_SYNC, 0, 0));
      }
    }
    Membership membership =
        new Membership(77, 1, Optional.empty(), Optional.empty(), 0, 0, members);
    return new VolumeView(
        VOLUME,
        1,
        (long) options.blocks() * Blocks.BLOCK_BYTES,
        options.copies() - 1,
        options.mode(),
        options.compression(),
        membership);
  }

  // ---- the run

  /** Runs the whole simulation. */
  public SimSummary run() {
    try {
      begin();
      faultyPhase();
      quietPhase();
      ending.rottenEnd(rng.fork("rotten end"));
      if (options.endsDark()) {
        ending.powerCut();
      }
      check();
      if (!options.endsDark()) {
        ending.powerLossInUse();
      }
    } catch (RuntimeException e) {
      throw new SimFailure("seed " + seed + " at " + events.now() + " ns: " + e.getMessage(), e);
    }
    summary.seeds = 1;
    summary.virtualNanos = events.now();
    summary.resets = network.resets();
    summary.duplicates = network.duplicates();
    summary.storeOutages = records.outages();
    return summary;
  }

  private void begin() {
    nodes.values().forEach(SimNode::start);
    Membership membership = records.view().membership();
    View view = new View(1, List.copyOf(membership.inSync()), membership.lineage(), 0);
    for (Member member : membership.members()) {
      ReplicaMeta meta =
          ReplicaMeta.created(
              VOLUME, member.replica(), member.incarnation(), records.view().sizeBytes(), view);
      nodes
          .get(member.node())
          .replicas()
          .create(
              meta,
              error -> {
                if (error.isPresent()) {
                  throw new SimFailure(error.get());
                }
              });
    }
    events.runUntil(events.now() + SECOND);
    operator.start();
  }

  private void faultyPhase() {
    nemesis.start();
    SimRng power = rng.fork("power");
    events.after(power.between(0, options.faultyNanos()), () -> blackout(power));
    events.runUntil(events.now() + options.faultyNanos());
    nemesis.stop();
  }

  private void blackout(SimRng power) {
    summary.blackouts++;
    checks.survivesBlackout(power);
  }

  /** Without faults everything comes back in a bounded time, under load at first. */
  private void quietPhase() {
    quiet = true;
    long end = events.now() + QUIET_SECONDS_MAX * SECOND;
    while (!allWell()) {
      if (events.now() > end) {
        throw new SimFailure("not healed after " + QUIET_SECONDS_MAX + " s: " + describe());
      }
      events.runUntil(events.now() + SECOND / 10);
    }
    loadOn = false;
    long drained = events.now() + 30 * SECOND;
    while (outstanding() > 0) {
      if (events.now() > drained) {
        throw new SimFailure("I21: " + outstanding() + " requests hang: " + describe());
      }
      events.runUntil(events.now() + SECOND / 10);
    }
    events.runUntil(events.now() + 2 * SECOND);
    // A member that was cut off just before may have been removed only now.
    await("healed after the load", this::allWell);
    if (options.damage()) {
      ending.rotUnread(rng.fork("rot unread"));
    }
  }

  SimNode consumer() {
    return nodes.get(records.view().membership().attachment().orElseThrow().node());
  }

  void await(String what, BooleanSupplier condition) {
    long end = events.now() + 60 * SECOND;
    while (!condition.getAsBoolean()) {
      if (events.now() > end) {
        throw new SimFailure("not " + what + " within 60 s: " + describe());
      }
      events.runUntil(events.now() + SECOND / 10);
    }
  }

  boolean allWell() {
    VolumeView view = records.view();
    boolean allInSync =
        view.membership().members().size() == view.membership().inSync().size()
            && view.membership().members().size() == options.copies();
    return allInSync && serving().isPresent();
  }

  Optional<VolumeCoordinator> serving() {
    for (SimNode node : nodes.values()) {
      boolean recorded =
          node.coordinator()
              .filter(it -> records.view().membership().names(it.self().instance()))
              .filter(it -> it.state() == CoordinatorState.SERVING)
              .isPresent();
      if (node.up() && recorded) {
        return node.coordinator();
      }
    }
    return Optional.empty();
  }

  int outstanding() {
    return nodes.values().stream()
        .mapToInt(node -> node.client().map(it -> it.unanswered().size()).orElse(0))
        .sum();
  }

  String describe() {
    StringBuilder text = new StringBuilder(records.view().membership().toString());
    for (SimNode node : nodes.values()) {
      text.append("\n  ").append(node.id()).append(node.up() ? " up" : " down");
      node.coordinator()
          .ifPresent(
              it ->
                  text.append(" coordinator ")
                      .append(it.state())
                      .append(" waits for: ")
                      .append(it.machine().waitingFor())
                      .append(" join: ")
                      .append(it.machine().progress()));
    }
    return text.toString();
  }

  // ---- checks

  private void check() {
    nodes.values().forEach(node -> node.coordinator().ifPresent(this::collectCounters));
    checks.membersAreEqual("at the end");
    readBack();
    history.check();
  }

  /** The run without its seals; takes it over. */
  BlockRun opened(BlockRun stored) {
    return new Opener(pool).open(stored);
  }

  /** What every copy holds at the end is one more read of every block. */
  private void readBack() {
    for (Member member : records.view().membership().members()) {
      ReplicaStore store = nodes.get(member.node()).engine().replica(VOLUME).orElseThrow();
      long start = events.now();
      for (long block = 0; block < options.blocks(); block++) {
        long at = block;
        store.read(
            at,
            1,
            (result, stored) -> {
              BlockRun run = opened(stored);
              int units = Blocks.BLOCK_BYTES / options.unitBytes();
              for (int i = 0; i < units; i++) {
                long unit = at * units + i;
                long stamp = SimChecks.stampIn(run, unit, i, options.unitBytes());
                history.readDone(unit, stamp, start, events.now());
              }
              run.release();
            });
      }
      events.runUntil(events.now() + 10 * SECOND);
    }
  }

  // ---- what the parts report

  void nodeStarted(SimNode node) {
    checks.processStarted(node);
    changed();
    operator.nodeStarted(node);
  }

  /** A coordinator has begun to serve. */
  void serving(SimNode node, VolumeCoordinator coordinator) {
    logged(
        node,
        VOLUME,
        "event=serving epoch=" + coordinator.machine().view().map(it -> it.membership().epoch()));
  }

  /** A message has left a node. */
  private void sent(SimNode from, Message message) {
    if (message instanceof Message.Sealed sealed) {
      promiseAnswered(from, sealed);
    } else {
      nemesis.sent(from, message);
    }
  }

  /** A replica has told somebody what it has promised. */
  void promiseAnswered(SimNode replica, Message.Sealed sealed) {
    checks.promiseAnswered(replica, sealed.epoch());
    nemesis.sent(replica, sealed);
  }

  SimClient startClient(
      SimNode node, VolumeCoordinator device, List<SimClient.Request> unanswered) {
    return new SimClient(this, node, device, rng.fork("client" + stamps + node.id()), unanswered);
  }

  void collectCounters(VolumeCoordinator coordinator) {
    CoordinatorCounters counters = coordinator.machine().counters();
    summary.removals += counters.removals;
    summary.joins += counters.joins;
    summary.joinsGivenUp += counters.joinsGivenUp;
    summary.resyncExtents += counters.resyncExtents;
    summary.converged += counters.blocksConverged;
    summary.repaired += counters.blocksRepaired;
    summary.readsOverlappingWrites += counters.readsOverlappingWrites;
    summary.uncertainSwaps += counters.uncertainSwaps;
  }

  /** The record or the set of running processes has changed. */
  void changed() {
    damage.look();
  }

  void logged(SimNode node, VolumeId volume, String event) {
    note(node.id() + " " + volume + " " + event);
    if (event.contains("from=CONVERGING to=SERVING")) {
      checks.membersAreEqual("when serving starts");
    } else if (event.contains("event=resync_done")) {
      checks.joined();
    } else if (event.contains("event=resync_differs") && !damage.everAny()) {
      throw new SimFailure("a resync that went by the rules left a difference: " + event);
    }
  }

  /** One line of the trace; two runs of a seed have equal traces. */
  void note(String line) {
    String full = events.now() + " " + line;
    for (int i = 0; i < full.length(); i++) {
      traceHash = traceHash * 31 + full.charAt(i);
    }
    if (verbose) {
      trace.append(full).append('\n');
    }
  }

  public String trace() {
    return trace.toString();
  }

  /** Depends on every line of the trace and on everything the clients saw. */
  public long fingerprint() {
    return traceHash ^ (summary.reads << 20) ^ summary.writes ^ events.now();
  }

  // ---- surroundings

  DiskPool openEngine(List<? extends Disk> disks, Timers timers, Roster roster) {
    return SimStores.open(disks, pool, timers, roster, options);
  }

  SimEvents events() {
    return events;
  }

  SimNetwork network() {
    return network;
  }

  SimRecordStore records() {
    return records;
  }

  SimPool pool() {
    return pool;
  }

  Timing timing() {
    return Timing.DEFAULT;
  }

  SimOptions options() {
    return options;
  }

  SimSummary summary() {
    return summary;
  }

  SimChecks checks() {
    return checks;
  }

  /** Where most requests go for a while: what is written meanwhile is a small part of the whole. */
  private long hotExtent() {
    if (events.now() >= hotUntil) {
      hotUntil = events.now() + hotSpots.between(SECOND / 20, 2 * SECOND);
      hotExtent = hotSpots.nextInt(Math.max(1, options.blocks() / Blocks.EXTENT_BLOCKS));
    }
    return hotExtent;
  }

  SimDamage damage() {
    return damage;
  }

  long pickBlock(SimRng from) {
    boolean hot = options.hotSpots() && !from.oneIn(20);
    return hot
        ? hotExtent() * Blocks.EXTENT_BLOCKS + from.nextInt(Blocks.EXTENT_BLOCKS)
        : from.nextInt(options.blocks());
  }

  History history() {
    return history;
  }

  void move() {
    operator.move();
  }

  List<SimNode> nodes() {
    return List.copyOf(nodes.values());
  }

  SimNode node(NodeId id) {
    return nodes.get(id);
  }

  /** On full disks a copy cannot come back; a user would delete something. */
  boolean makesRoom() {
    return quiet && options.tight();
  }

  boolean loadOn() {
    return loadOn;
  }

  long nextStamp() {
    return ++stamps;
  }

  static OptionalLong generation(Membership membership) {
    return OptionalLong.of(membership.generation());
  }

  static Optional<Attachment> attachment(SimNode node) {
    return Optional.of(new Attachment(node.id(), node.bootId()));
  }
}
