package io.ashlar.controller.nodes;

import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.state.PoolState;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.store.Records;
import io.ashlar.env.Clock;
import io.ashlar.model.NodeId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which nodes there are and which of them are alive. Registrations are records; liveness is in
 * memory, and a fresh controller takes every known node for alive until it was silent for the whole
 * time and some more, so that a restart of the controller marks nobody. Safe to call from any
 * thread.
 */
public final class NodeDirectory {
  private static final Logger log = LoggerFactory.getLogger(NodeDirectory.class);

  /** Nodes may have to learn first where this controller is. */
  private static final Duration TIME_TO_FIND_US = Duration.ofSeconds(10);

  private final Records<NodeRecord> records;
  private final Clock clock;
  private final Duration silence;
  private final Map<NodeId, Heard> heard = new ConcurrentSkipListMap<>();
  private volatile Consumer<NodeId> onReturn = node -> {};

  /** What is known of a node, and when it last spoke. */
  private record Heard(NodeRecord node, long atNanos) {}

  /**
   * @param silence after which a node counts as unreachable
   */
  public NodeDirectory(Records<NodeRecord> records, Clock clock, Duration silence) {
    this.records = records;
    this.clock = clock;
    this.silence = silence;
    long findUs = clock.nanos() + TIME_TO_FIND_US.toNanos();
    records.list().forEach(node -> heard.put(node.value().id(), new Heard(node.value(), findUs)));
  }

  /** Told, on the caller's thread, when a node registers or speaks again after a silence. */
  public void onReturn(Consumer<NodeId> listener) {
    onReturn = listener;
  }

  /**
   * Takes a node in, durably.
   *
   * @throws RefusedException if another living node has that name
   */
  public void register(NodeRecord node) {
    find(node.id())
        .filter(known -> known.record().stateDirId() != node.stateDirId() && known.reachable())
        .ifPresent(
            known -> {
              throw new RefusedException(
                  RefusedException.Kind.CONFLICT,
                  "node %s is registered from another state directory (%x, not %x) and alive:"
                      + " give this node another name",
                  node.id(),
                  known.record().stateDirId(),
                  node.stateDirId());
            });
    String key = node.id().value();
    if (records.create(key, node).isEmpty()) {
      records.update(key, old -> node);
    }
    heard.put(node.id(), new Heard(node, clock.nanos()));
    log.info(
        "node registered node={} instance={} boot={} agent={}",
        node.id(),
        Long.toHexString(node.instance()),
        node.bootId(),
        node.agentAddress());
    onReturn.accept(node.id());
  }

  /**
   * @return false if this instance is not the registered one: it has to register
   */
  public boolean heartbeat(NodeId id, long instance, List<PoolState> pools) {
    Heard known = heard.get(id);
    if (known == null || known.node().instance() != instance) {
      return false;
    }
    boolean back = !isReachable(known);
    heard.put(id, new Heard(known.node().withPools(pools), clock.nanos()));
    if (back) {
      log.info("node is back node={}", id);
      onReturn.accept(id);
    }
    return true;
  }

  public Optional<NodeStatus> find(NodeId id) {
    return Optional.ofNullable(heard.get(id)).map(this::status);
  }

  /** All nodes, by name. */
  public List<NodeStatus> all() {
    return heard.values().stream().map(this::status).toList();
  }

  public boolean isReachable(NodeId id) {
    return find(id).map(NodeStatus::reachable).orElse(false);
  }

  private NodeStatus status(Heard known) {
    return new NodeStatus(known.node(), isReachable(known));
  }

  private boolean isReachable(Heard known) {
    return clock.nanos() - known.atNanos() <= silence.toNanos();
  }
}
