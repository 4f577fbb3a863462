package io.ashlar.sim;

import io.ashlar.model.Attachment;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.wire.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Does harm at random moments, and mends it again. It never destroys the last good copy: power is
 * lost at a node only while another in-sync copy is up, connected and clean, and at most at one
 * node at a time.
 */
final class Nemesis {
  private static final long SECOND = 1_000_000_000L;
  private static final int BLOCKS_DAMAGED_AT_ONCE = 4;

  private final SimCluster cluster;
  private final SimRng rng;
  private final SimRng disks;
  private final boolean storm;
  private boolean active;
  private long lastPowerLossAt;

  /** A consumer is cut off until then, and nothing else is mended or broken meanwhile. */
  private long exclusiveUntil;

  Nemesis(SimCluster cluster, SimRng rng) {
    this.cluster = cluster;
    this.rng = rng;
    this.disks = rng.fork("disks");
    this.storm = cluster.options().storm();
  }

  void start() {
    active = true;
    cluster.network().faults(SimNetwork.Faults.ROUGH);
    recordFaults();
    next();
  }

  private void next() {
    cluster.events().after(rng.between(SECOND / 20, storm ? SECOND : 3 * SECOND), this::strike);
  }

  private void strike() {
    if (!active) {
      return;
    }
    if (cluster.events().now() < exclusiveUntil) {
      next();
      return;
    }
    if (cluster.options().damage() && rng.oneIn(2)) {
      damage();
    }
    if (rng.oneIn(3)) {
      cluster.nodes().forEach(node -> node.client().ifPresent(SimClient::reconnect));
    }
    if (cluster.options().disks() > 1 && disks.oneIn(2)) {
      changeDisks(cluster.nodes().get(disks.nextInt(cluster.nodes().size())));
    }
    switch (rng.nextInt(14)) {
      case 0, 1, 2 -> kill(any());
      case 3 -> powerLoss(any());
      case 4 -> pause(any());
      case 5, 6 -> partition();
      case 7 -> storeOutage();
      case 10 -> slowDisk(any());
      case 11 -> cluster.nodes().forEach(this::slowDisk);
      case 12 -> blink();
      case 13 -> forgetBoth();
      case 8 -> cluster.records().view().membership().attachment().ifPresent(any -> move());
      default -> cutConsumer();
    }
    next();
  }

  private SimNode any() {
    return cluster.nodes().get(rng.nextInt(cluster.nodes().size()));
  }

  /** Mostly where reads go. */
  private void damage() {
    Optional<Attachment> attached = cluster.records().view().membership().attachment();
    boolean here = attached.isPresent() && !rng.oneIn(3);
    SimNode victim = here ? cluster.node(attached.get().node()) : any();
    for (int i = 0; i < BLOCKS_DAMAGED_AT_ONCE; i++) {
      cluster.damage().strike(victim);
    }
  }

  private void kill(SimNode node) {
    if (node.up()) {
      cluster.summary().crashes++;
      cluster.note("kill " + node.id());
      node.kill();
      cluster.changed();
      restartLater(node, rng.between(SECOND / 5, 8 * SECOND));
    }
  }

  /**
   * A member has said something on which others will act: whatever it relies on has to be on its
   * disk by now, so now and then its process dies at just this moment.
   */
  void sent(SimNode from, Message message) {
    boolean binding =
        message instanceof Message.Sealed
            || message instanceof Message.Extents
            || message instanceof Message.Digests;
    if (active && binding && rng.oneIn(25)) {
      cluster.events().after(rng.between(0, SECOND / 2_000), () -> kill(from));
    }
  }

  private void restartLater(SimNode node, long delay) {
    cluster
        .events()
        .after(
            delay,
            () -> {
              if (!node.up()) {
                cluster.note("start " + node.id());
                node.start();
              }
            });
  }

  private void powerLoss(SimNode node) {
    if (node.up() && mayLosePower(node)) {
      cluster.summary().powerLosses++;
      cluster.note("power loss at " + node.id());
      lastPowerLossAt = cluster.events().now();
      node.powerLoss();
      cluster.changed();
      restartLater(node, rng.between(SECOND / 5, 6 * SECOND));
    }
  }

  /**
   * Another in-sync copy must be able to go on alone: up, not paused, reachable, and no earlier
   * power loss that the record may not know of yet. The last rule of the protocol is kept too: no
   * compare-and-set that removes that other copy is on its way (nobody is cut off, and the store
   * answers).
   */
  private boolean mayLosePower(SimNode node) {
    long now = cluster.events().now();
    boolean calm =
        cluster.network().whole()
            && !cluster.records().isOut()
            && !cluster.damage().any()
            && now - lastPowerLossAt > 20 * SECOND
            && cluster.nodes().stream().allMatch(it -> it.up() && !it.paused());
    Membership membership = cluster.records().view().membership();
    Optional<Member> member = membership.memberOn(node.id());
    if (member.isEmpty() || !member.get().inSync()) {
      return true;
    }
    long others =
        membership.members().stream()
            .filter(it -> it.inSync() && !it.node().equals(node.id()))
            .filter(it -> SimChecks.trusted(cluster.node(it.node()), it))
            .count();
    return calm && others > 0;
  }

  /** A disk breaks; or what was broken is back for the next process, or a blank one is. */
  private void changeDisks(SimNode node) {
    if (node.disks().anyBroken() && disks.oneIn(2)) {
      boolean blank = disks.oneIn(2);
      cluster.note((blank ? "blank disks for " : "old disks come back at ") + node.id());
      if (blank) {
        node.disks().replace();
      } else {
        node.disks().comeBack();
      }
      if (disks.oneIn(2)) {
        kill(node);
      }
    } else if (node.up() && node.disks().canBreak() && mayLosePower(node)) {
      cluster.summary().brokenDisks++;
      lastPowerLossAt = cluster.events().now();
      cluster.note("disk " + node.disks().breakOne(disks) + " breaks at " + node.id());
      cluster.changed();
    }
  }

  private void pause(SimNode node) {
    if (node.up() && !node.paused()) {
      cluster.summary().pauses++;
      cluster.note("pause " + node.id());
      node.pause();
      cluster
          .events()
          .after(
              rng.between(SECOND, 15 * SECOND),
              () -> {
                cluster.note("resume " + node.id());
                node.resume();
              });
    }
  }

  /** A disk that takes long for everything, though not long enough to count as dead. */
  private void slowDisk(SimNode node) {
    if (node.up()) {
      cluster.summary().slowDisks++;
      cluster.note("slow disk at " + node.id());
      node.slowDisk((int) rng.between(20, 2_000));
      cluster.events().after(rng.between(SECOND, 8 * SECOND), () -> node.slowDisk(1));
    }
  }

  private void partition() {
    cluster.summary().partitions++;
    List<SimNode> some = new ArrayList<>();
    for (SimNode node : cluster.nodes()) {
      if (rng.oneIn(2)) {
        some.add(node);
      }
    }
    boolean oneWay = rng.oneIn(2);
    for (SimNode a : cluster.nodes()) {
      for (SimNode b : cluster.nodes()) {
        boolean across = some.contains(a) && !some.contains(b);
        if (across) {
          cluster.network().cut(a.id(), b.id());
          if (!oneWay) {
            cluster.network().cut(b.id(), a.id());
          }
        }
      }
    }
    cluster.note(
        "partition " + (oneWay ? "one way " : "") + some.stream().map(SimNode::id).toList());
    healLater();
  }

  /**
   * One node cannot be reached for about as long as it takes to be removed, while the record's
   * answers get lost: the removal may land when its reason is long gone.
   */
  private void blink() {
    cluster.summary().partitions++;
    SimNode one = any();
    cluster.note("blink " + one.id());
    for (SimNode other : cluster.nodes()) {
      cluster.network().cut(one.id(), other.id());
      cluster.network().cut(other.id(), one.id());
    }
    cluster.records().faults(2, 2);
    long length = cluster.timing().memberTimeout() + rng.between(-SECOND / 4, SECOND / 2);
    healAfter(length);
    cluster.events().after(length + SECOND, this::recordFaults);
  }

  private void recordFaults() {
    if (active) {
      cluster.records().faults(storm ? 3 : 8, storm ? 3 : 12);
    }
  }

  /** A member loses its power, and the coordinator that would remember what it held dies too. */
  private void forgetBoth() {
    Membership membership = cluster.records().view().membership();
    List<SimNode> others =
        membership.members().stream()
            .filter(it -> it.inSync() && membership.attachment().isPresent())
            .filter(it -> !it.node().equals(membership.attachment().get().node()))
            .map(it -> cluster.node(it.node()))
            .toList();
    if (!others.isEmpty()) {
      SimNode victim = others.get(rng.nextInt(others.size()));
      powerLoss(victim);
      if (!victim.up()) {
        kill(cluster.node(membership.attachment().get().node()));
      }
    }
  }

  private void healLater() {
    healAfter(rng.between(SECOND / 2, 10 * SECOND));
  }

  private void healAfter(long delay) {
    cluster
        .events()
        .after(
            delay,
            () -> {
              if (cluster.events().now() >= exclusiveUntil) {
                cluster.note("heal");
                cluster.network().heal();
                cluster.nodes().forEach(node -> node.cutFromStore(false));
              }
            });
  }

  private void storeOutage() {
    cluster.note("store out");
    cluster.records().out(true);
    cluster
        .events()
        .after(
            rng.between(SECOND / 2, 8 * SECOND),
            () -> {
              cluster.note("store back");
              cluster.records().out(false);
            });
  }

  private void move() {
    cluster.note("move");
    cluster.move();
  }

  /** The consumer's node is cut from everything, and the volume moves away under its writers. */
  private void cutConsumer() {
    cluster
        .records()
        .view()
        .membership()
        .attachment()
        .ifPresent(
            attachment -> {
              SimNode consumer = cluster.node(attachment.node());
              cluster.summary().partitions++;
              cluster.note("cut consumer " + consumer.id());
              for (SimNode other : cluster.nodes()) {
                if (other != consumer) {
                  cluster.network().cut(consumer.id(), other.id());
                  cluster.network().cut(other.id(), consumer.id());
                }
              }
              consumer.cutFromStore(true);
              cluster.move();
              // Long enough for the lease to end, the volume to move, and the old reader to go on
              // reading.
              long length = rng.between(SECOND, 16 * SECOND);
              exclusiveUntil = cluster.events().now() + length;
              healAfter(length);
            });
  }

  /** Stops, and mends everything. */
  void stop() {
    active = false;
    cluster.note("quiet");
    cluster.network().faults(SimNetwork.Faults.NONE);
    cluster.network().heal();
    cluster.records().faults(0, 0);
    cluster.records().out(false);
    for (SimNode node : cluster.nodes()) {
      node.cutFromStore(false);
      node.slowDisk(1);
      if (node.paused()) {
        node.resume();
      }
      if (!node.up()) {
        node.start();
      }
    }
    cluster.damage().mendAll();
  }
}
