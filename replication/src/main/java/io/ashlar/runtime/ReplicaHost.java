package io.ashlar.runtime;

import io.ashlar.env.Link;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.protocol.ReplicaEffects;
import io.ashlar.protocol.ReplicaMachine;
import io.ashlar.protocol.ReplicaSession;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreEngine;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.PullHello;
import io.ashlar.wire.Message.Refused;
import io.ashlar.wire.Message.Seal;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The replicas of a node: one machine each, over the store, behind the links that come in. Loop
 * thread only.
 */
public final class ReplicaHost {
  private final NodePorts ports;
  private final StoreEngine engine;
  private final long startId;
  private final Map<VolumeId, ReplicaMachine> machines = new TreeMap<>();
  private boolean stopped;

  public ReplicaHost(NodePorts ports, StoreEngine engine) {
    this.ports = ports;
    this.engine = engine;
    this.startId = ports.rng().nextLong() | 1;
  }

  /** Starts a machine for every replica that is on the disk, and the ticking. */
  public void start() {
    engine.listen(volume -> replica(volume).ifPresent(ReplicaMachine::partLost));
    for (ReplicaStore store : engine.replicas()) {
      add(store);
    }
    tick();
  }

  private ReplicaMachine add(ReplicaStore store) {
    ReplicaMachine machine =
        new ReplicaMachine(
            ports.cluster(), store, new Effects(), ports.timing(), startId, ports.bootId());
    machines.put(store.meta().volume(), machine);
    machine.start(ports.clock().nanos());
    return machine;
  }

  private void tick() {
    if (!stopped) {
      long now = ports.clock().nanos();
      machines.values().forEach(machine -> machine.tick(now));
      ports.timers().after(ports.timing().tick() * 4, this::tick);
    }
  }

  public Collection<ReplicaMachine> all() {
    return machines.values();
  }

  public Optional<ReplicaMachine> replica(VolumeId volume) {
    return Optional.ofNullable(machines.get(volume));
  }

  public StoreEngine engine() {
    return engine;
  }

  // ---- what the controller asks

  /** Makes an empty replica; done already if this incarnation is here. */
  public void create(ReplicaMeta meta, Consumer<Optional<String>> done) {
    Optional<? extends ReplicaStore> there = engine.replica(meta.volume());
    if (there.isPresent()) {
      boolean same = there.get().meta().incarnation() == meta.incarnation();
      done.accept(
          same
              ? Optional.empty()
              : Optional.of("another incarnation of a replica of this volume is here"));
      return;
    }
    engine.create(
        meta,
        result -> {
          if (result != ReplicaStore.Result.OK) {
            done.accept(Optional.of("the disk failed"));
            return;
          }
          if (!machines.containsKey(meta.volume())) {
            add(engine.replica(meta.volume()).orElseThrow());
          }
          done.accept(Optional.empty());
        });
  }

  /** Deletes a replica if it is this incarnation; another one is left alone. */
  public void delete(VolumeId volume, long incarnation, Consumer<Optional<String>> done) {
    Optional<? extends ReplicaStore> there = engine.replica(volume);
    if (there.isEmpty() || there.get().meta().incarnation() != incarnation) {
      done.accept(Optional.empty());
      return;
    }
    ReplicaMachine machine = machines.remove(volume);
    if (machine != null) {
      machine.shutDown("deleted");
    }
    engine.delete(
        volume,
        result ->
            done.accept(
                result == ReplicaStore.Result.OK
                    ? Optional.empty()
                    : Optional.of("the disk failed")));
  }

  /**
   * Asks a replica to promise an epoch to nobody; the answer is Sealed, Pending, Fenced or Refused.
   */
  public void fence(
      VolumeId volume, long replica, long incarnation, View view, Consumer<Message> answer) {
    ReplicaMachine machine = machines.get(volume);
    boolean here =
        machine != null
            && machine.meta().replica() == replica
            && machine.meta().incarnation() == incarnation;
    if (here) {
      Seal seal = new Seal(1, view.epoch(), view, Optional.empty(), false);
      machine.fence(seal, ports.clock().nanos(), answer);
    } else {
      answer.accept(new Refused(1, "the replica is not here"));
    }
  }

  /** Tells a replica the volume's new size; never smaller. */
  public void resize(VolumeId volume, long sizeBytes, Runnable done) {
    ReplicaMachine machine = machines.get(volume);
    if (machine == null) {
      done.run();
    } else {
      machine.resize(sizeBytes, done);
    }
  }

  // ---- links

  /** A handler for one link that comes in; its first message says which replica it is for. */
  public Link.Handler<Message> incoming() {
    return new Incoming();
  }

  /** Connects a coordinator or a target of this node with a replica of this node. */
  void connectLocally(Link.Handler<Message> handler) {
    LocalLink.connect(ports.timers(), handler, incoming());
  }

  /** Opens a link to a node, which may be this one. */
  void connect(NodeId node, Link.Handler<Message> handler) {
    if (node.equals(ports.node())) {
      connectLocally(handler);
    } else {
      ports.connector().connect(node, handler);
    }
  }

  private final class Incoming implements Link.Handler<Message> {
    private ReplicaMachine machine;
    private ReplicaSession session;

    @Override
    public void opened(Link<Message> link) {}

    @Override
    public void received(Link<Message> link, Message message) {
      if (stopped) {
        message.discard();
      } else if (session != null) {
        machine.received(session, message, ports.clock().nanos());
      } else {
        first(link, message);
      }
    }

    private void first(Link<Message> link, Message message) {
      if (message instanceof Hello hello && hello.features() != 0) {
        refuse(link, message, "features %x are not known here".formatted(hello.features()));
        return;
      }
      Optional<VolumeId> volume =
          switch (message) {
            case Hello hello -> Optional.of(hello.volume());
            case PullHello hello -> Optional.of(hello.volume());
            default -> Optional.empty();
          };
      machine = volume.map(machines::get).orElse(null);
      if (machine == null) {
        String reason =
            volume
                .map(it -> "no replica of volume " + it + " is here")
                .orElse("a connection starts with a hello");
        refuse(link, message, reason);
        return;
      }
      session = machine.accept(link, message).orElse(null);
    }

    private static void refuse(Link<Message> link, Message message, String reason) {
      message.discard();
      link.send(new Refused(message.request(), reason));
      link.close();
    }

    @Override
    public void closed(Link<Message> link, String reason) {
      if (session != null) {
        machine.closed(session);
      }
    }
  }

  private final class Effects implements ReplicaEffects {
    @Override
    public void connect(Message.Source source, Link.Handler<Message> handler) {
      ReplicaHost.this.connect(new NodeId(source.node()), handler);
    }

    @Override
    public void log(VolumeId volume, String event) {
      ports.log().accept(volume, event);
    }
  }

  /** The process stops: machines and links end; the store is closed by its owner. */
  public void stop() {
    stopped = true;
    machines.values().forEach(machine -> machine.shutDown("the node stops"));
    machines.clear();
  }
}
