package io.ashlar.controller.reconcile;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.nodes.NodeAgents;
import io.ashlar.controller.nodes.NodeDirectory;
import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.controller.state.Grave;
import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.state.PoolState;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeSpec;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.controller.store.embedded.EmbeddedStore;
import io.ashlar.env.Rng;
import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * One volume with two copies on n1 and n2, and n3 beside them; the store is a real one, the clock
 * and the nodes' agents are the test's. A node is silent once it was not heard of for longer than
 * {@link #SILENCE}.
 */
final class CopyBench implements AutoCloseable {
  static final Duration SILENCE = Duration.ofSeconds(10);
  static final VolumeId VOLUME = new VolumeId("vol-1");
  static final long SIZE_BYTES = 1L << 30;

  private static final long POOL_BYTES = 100L << 30;

  private final ClusterStore store;
  private final Map<NodeId, List<NodeAgents.Replica>> disks = new HashMap<>();
  final List<View> births = new ArrayList<>();

  /** What an agent answers to the next calls, or null if it does what it is asked. */
  AgentException.Kind trouble;

  long now;
  final NodeDirectory nodes;
  final Cluster cluster;

  CopyBench(Path folder) {
    store = new EmbeddedStore(folder.resolve("cluster.db"));
    nodes =
        new NodeDirectory(
            new Records<>(store, Collection.NODES, NodeRecord.class), () -> now, SILENCE);
    cluster =
        new Cluster(
            new Records<>(store, Collection.VOLUMES, VolumeRecord.class),
            new Records<>(store, Collection.GRAVES, Grave.class),
            nodes,
            new Agents(),
            new Placement(SpacePolicy.DEFAULT),
            new Dice());
  }

  static NodeId node(int number) {
    return new NodeId("n" + number);
  }

  static Member member(int number) {
    return new Member(number, node(number), "default", 100 + number, ReplicaState.EMPTY, 0, 0);
  }

  /** Registered, or heard of again. */
  void hear(int... numbers) {
    for (int number : numbers) {
      nodes.register(
          new NodeRecord(
              node(number),
              number,
              1,
              "boot",
              new TreeMap<>(),
              List.of(new PoolState("default", POOL_BYTES, POOL_BYTES, false)),
              "a:1",
              "a:2",
              0,
              ""));
    }
  }

  void pass(Duration time) {
    now += time.toNanos();
  }

  Versioned<VolumeRecord> create(FailureMode mode) {
    VolumeSpec spec =
        new VolumeSpec(
            "pvc",
            SIZE_BYTES,
            1,
            mode,
            Compression.NONE,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of());
    List<Member> members = List.of(member(1), member(2));
    members.forEach(this::put);
    VolumeRecord record = VolumeRecord.wanted(VOLUME, spec, 7, members).created();
    return cluster.volumes().create(VOLUME.value(), record).orElseThrow();
  }

  /** Of a volume that n2's copy has left. */
  Versioned<VolumeRecord> createDegraded(FailureMode mode) {
    create(mode);
    return change(
        record ->
            record.withMembership(
                record
                    .membership()
                    .withMember(2, member -> member.withState(ReplicaState.OUTDATED))));
  }

  Versioned<VolumeRecord> change(UnaryOperator<VolumeRecord> change) {
    return cluster.volumes().update(VOLUME.value(), change).orElseThrow();
  }

  Versioned<VolumeRecord> volume() {
    return cluster.volumes().get(VOLUME.value()).orElseThrow();
  }

  List<NodeId> members() {
    return volume().value().membership().members().stream().map(Member::node).toList();
  }

  List<Long> graves() {
    return cluster.graves().list().stream().map(grave -> grave.value().replica()).toList();
  }

  private void put(Member member) {
    disks
        .computeIfAbsent(member.node(), ignored -> new ArrayList<>())
        .add(new NodeAgents.Replica(VOLUME, member.replica(), member.incarnation(), 1, 7));
  }

  /** The node comes back with a blank disk. */
  void loseDisk(int number) {
    disks.remove(node(number));
  }

  @Override
  public void close() {
    store.close();
  }

  private static final class Dice implements Rng {
    private final SplittableRandom random = new SplittableRandom(1);

    @Override
    public long nextLong() {
      return random.nextLong();
    }

    @Override
    public int nextInt(int bound) {
      return random.nextInt(bound);
    }
  }

  private final class Agents implements NodeAgents {
    private void answer(NodeId node) throws AgentException {
      if (trouble != null) {
        throw new AgentException(trouble, node, "the call", "the test wants it", null);
      }
    }

    @Override
    public void createReplica(Member member, VolumeId volume, long sizeBytes, View view)
        throws AgentException {
      answer(member.node());
      births.add(view);
      put(member);
    }

    @Override
    public List<Replica> listReplicas(NodeId node) throws AgentException {
      answer(node);
      return disks.getOrDefault(node, List.of());
    }

    @Override
    public void deleteReplica(NodeId node, VolumeId volume, long replica, long incarnation) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Promise fence(Member member, VolumeId volume, View view) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void resize(NodeId node, VolumeId volume, long sizeBytes) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void openCoordinator(NodeId node, VolumeId volume) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void closeCoordinator(NodeId node, VolumeId volume) {
      throw new UnsupportedOperationException();
    }
  }
}
