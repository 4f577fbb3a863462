package io.ashlar.sim;

import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.View;
import io.ashlar.model.VolumeView;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.wire.Message.Pending;
import io.ashlar.wire.Message.Sealed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The controller and the orchestrator above it: keeps the volume attached somewhere, fences and
 * moves it when its node is gone or just so, and opens the coordinator again when an attached node
 * comes back.
 */
final class SimOperator {
  private static final long LOOK_NANOS = 500_000_000L;
  private static final long FENCE_RETRY_NANOS = 200_000_000L;

  private final SimCluster cluster;
  private final SimRng rng;
  private boolean moving;
  private boolean detached;
  private long unservedSince = -1;

  SimOperator(SimCluster cluster, SimRng rng) {
    this.cluster = cluster;
    this.rng = rng;
  }

  void start() {
    attach(pick(cluster.nodes()));
    look();
  }

  private SimNode pick(List<SimNode> from) {
    return from.get(rng.nextInt(from.size()));
  }

  private void look() {
    cluster.events().after(LOOK_NANOS, this::look);
    if (moving || detached) {
      return;
    }
    Membership membership = cluster.records().view().membership();
    if (membership.attachment().isEmpty()) {
      upNodes().findFirst().ifPresent(any -> attach(pick(upNodes().toList())));
      return;
    }
    SimNode attached = cluster.node(membership.attachment().get().node());
    boolean hasCoordinator =
        attached.up() && !attached.cutFromStore() && attached.coordinator().isPresent();
    if (hasCoordinator) {
      unservedSince = -1;
      return;
    }
    if (attached.up()) {
      attached.openCoordinator(SimCluster.VOLUME, SimCluster.generation(membership));
    }
    long now = cluster.events().now();
    unservedSince = unservedSince < 0 ? now : unservedSince;
    if (now - unservedSince > 3_000_000_000L) {
      unservedSince = -1;
      move();
    }
  }

  private java.util.stream.Stream<SimNode> upNodes() {
    return cluster.nodes().stream().filter(SimOperator::reachable);
  }

  /** Whoever is cut off from the store is cut off from the controller. */
  private static boolean reachable(SimNode node) {
    return node.up() && !node.paused() && !node.cutFromStore();
  }

  void nodeStarted(SimNode node) {
    Membership membership = cluster.records().view().membership();
    boolean its = membership.attachment().map(it -> it.node().equals(node.id())).orElse(false);
    if (its && !moving && !detached) {
      node.openCoordinator(SimCluster.VOLUME, SimCluster.generation(membership));
    }
  }

  private void attach(SimNode node) {
    Optional<VolumeView> done =
        cluster
            .records()
            .change(
                old ->
                    old.withAttachment(SimCluster.attachment(node), old.generation() + 1)
                        .withEpoch(old.epoch() + 1));
    done.ifPresent(
        view -> {
          cluster.note(
              "attached to " + node.id() + " generation " + view.membership().generation());
          node.openCoordinator(SimCluster.VOLUME, SimCluster.generation(view.membership()));
        });
  }

  /** Nobody uses the volume any more: its coordinator closes and leaves the record. */
  void detach() {
    detached = true;
    cluster.nodes().forEach(node -> node.coordinator().ifPresent(VolumeCoordinator::close));
  }

  boolean isDetached() {
    return cluster.records().view().membership().coordinator().isEmpty()
        && cluster.nodes().stream().allMatch(node -> node.coordinator().isEmpty());
  }

  void attachAgain() {
    detached = false;
    attach(pick(cluster.nodes()));
  }

  /** Moves the attachment: fence, then attach to another node. */
  void move() {
    if (moving) {
      return;
    }
    Optional<VolumeView> fenced =
        cluster
            .records()
            .change(
                old ->
                    old.withAttachment(Optional.empty(), old.generation() + 1)
                        .withCoordinator(Optional.empty())
                        .withEpoch(old.epoch() + 1));
    if (fenced.isPresent()) {
      moving = true;
      cluster.note("fencing at epoch " + fenced.get().membership().epoch());
      obtainPromise();
    }
  }

  /**
   * Any in-sync member's promise will do; with the record saying nobody coordinates, nobody may.
   */
  private void obtainPromise() {
    Membership membership = cluster.records().view().membership();
    View view =
        new View(
            membership.epoch(),
            List.copyOf(membership.inSync()),
            membership.lineage(),
            membership.generation());
    List<Member> candidates = new ArrayList<>();
    for (Member member : membership.members()) {
      SimNode node = cluster.node(member.node());
      if (member.inSync() && reachable(node)) {
        candidates.add(member);
      }
    }
    cluster.events().after(FENCE_RETRY_NANOS, () -> retry(membership.epoch()));
    if (candidates.isEmpty()) {
      return;
    }
    Member member = candidates.get(rng.nextInt(candidates.size()));
    cluster
        .node(member.node())
        .replicas()
        .fence(
            SimCluster.VOLUME,
            member.replica(),
            member.incarnation(),
            view,
            answer -> {
              boolean promised =
                  answer instanceof Sealed sealed && sealed.epoch() == membership.epoch();
              if (answer instanceof Sealed sealed) {
                cluster.promiseAnswered(cluster.node(member.node()), sealed);
              }
              if (promised && moving) {
                moving = false;
                cluster.summary().failovers++;
                List<SimNode> up = upNodes().toList();
                if (!up.isEmpty()) {
                  attach(pick(up));
                }
              } else if (answer instanceof Pending pending) {
                cluster.note("fence pending for " + pending.afterNanos());
              }
            });
  }

  private void retry(int epoch) {
    if (moving && cluster.records().view().membership().epoch() == epoch) {
      obtainPromise();
    } else if (moving) {
      moving = false;
      move();
    }
  }
}
