package io.ashlar.sim;

import io.ashlar.env.Link;
import io.ashlar.model.NodeId;
import io.ashlar.wire.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Links as TCP gives them: in order on one link or not at all, with delays, across links in any
 * order. A cut direction keeps messages back; after a while the link breaks, seen by each side at
 * its own time. Messages of a link that its opener has given up still arrive at the other side
 * until that has heard of the end. Some messages arrive twice.
 */
public final class SimNetwork {
  /** How bad it is. */
  public record Faults(int resetOneIn, int duplicateOneIn, long delayNanosMax, int slowOneIn) {
    static final Faults NONE = new Faults(0, 0, 300_000, 0);
    static final Faults ROUGH = new Faults(3_000, 500, 3_000_000, 200);
  }

  private static final long SLOW_NANOS = 800_000_000L;
  private static final long BREAK_NANOS_MAX = 4_000_000_000L;

  private final SimEvents events;
  private final SimRng rng;
  private final Function<NodeId, SimNode> nodes;
  private final BiConsumer<SimNode, Message> sent;
  private final Set<String> cutDirections = new TreeSet<>();
  private final List<End> ends = new ArrayList<>();
  private Faults faults = Faults.NONE;

  private long resets;
  private long duplicates;

  SimNetwork(
      SimEvents events,
      SimRng rng,
      Function<NodeId, SimNode> nodes,
      BiConsumer<SimNode, Message> sent) {
    this.sent = sent;
    this.events = events;
    this.rng = rng;
    this.nodes = nodes;
  }

  void faults(Faults next) {
    faults = next;
  }

  long resets() {
    return resets;
  }

  long duplicates() {
    return duplicates;
  }

  /** Cuts one direction. */
  void cut(NodeId from, NodeId to) {
    cutDirections.add(from + ">" + to);
    for (End end : List.copyOf(ends)) {
      boolean touched =
          (end.from.id().equals(from) && end.to.id().equals(to))
              || (end.from.id().equals(to) && end.to.id().equals(from));
      if (touched) {
        events.after(rng.between(100_000_000L, BREAK_NANOS_MAX), () -> breakIfCut(end));
      }
    }
  }

  private void breakIfCut(End end) {
    if (isCut(end.from.id(), end.to.id()) || isCut(end.to.id(), end.from.id())) {
      end.breakDown("timed out");
    }
  }

  boolean isCut(NodeId from, NodeId to) {
    return cutDirections.contains(from + ">" + to);
  }

  /** Makes all directions whole again; what was kept back arrives. */
  void heal() {
    cutDirections.clear();
    for (End end : List.copyOf(ends)) {
      end.flush();
    }
  }

  boolean whole() {
    return cutDirections.isEmpty();
  }

  void connect(SimNode from, NodeId toId, Link.Handler<Message> handler) {
    SimNode to = nodes.apply(toId);
    long fromLife = from.life();
    events.after(
        delay(),
        () -> {
          boolean reachable = to.up() && !isCut(from.id(), toId) && !isCut(toId, from.id());
          if (reachable) {
            open(from, fromLife, to, handler);
          } else {
            from.run(fromLife, () -> handler.closed(null, "unreachable"));
          }
        });
  }

  private void open(SimNode from, long fromLife, SimNode to, Link.Handler<Message> handler) {
    if (from.life() != fromLife) {
      return;
    }
    End near = new End(from, to, handler);
    End far = new End(to, from, to.replicas().incoming());
    near.peer = far;
    far.peer = near;
    ends.add(near);
    ends.add(far);
    to.run(far.fromLife, () -> far.handler.opened(far));
    from.run(fromLife, () -> handler.opened(near));
  }

  private long delay() {
    if (rng.oneIn(faults.slowOneIn)) {
      return rng.between(1, SLOW_NANOS);
    }
    return rng.between(20_000, faults.delayNanosMax);
  }

  /**
   * A node's process has ended: the other sides hear of it after a while, unless the host is gone
   * too.
   */
  void nodeDied(SimNode node) {
    for (End end : List.copyOf(ends)) {
      if (end.from == node) {
        end.closed = true;
        ends.remove(end);
        events.after(delay(), () -> end.peer.breakDown("reset"));
      }
    }
  }

  /** One end of a link; {@code from} is its owner. */
  private final class End implements Link<Message> {
    final SimNode from;
    final SimNode to;
    final long fromLife;
    final Link.Handler<Message> handler;
    End peer;
    boolean closed;

    /** A message was lost: nothing after it arrives, and both ends hear of the reset soon. */
    private boolean lost;

    private final List<Message> keptBack = new ArrayList<>();
    private long lastArrival;

    End(SimNode from, SimNode to, Link.Handler<Message> handler) {
      this.from = from;
      this.to = to;
      this.fromLife = from.life();
      this.handler = handler;
    }

    @Override
    public void send(Message message) {
      sent.accept(from, message);
      if (closed || lost) {
        message.discard();
      } else if (isCut(from.id(), to.id())) {
        keptBack.add(message);
      } else if (rng.oneIn(faults.resetOneIn)) {
        resets++;
        message.discard();
        events.after(delay(), () -> breakDown("reset"));
        events.after(delay(), () -> peer.breakDown("reset"));
        lost = true;
      } else {
        deliver(message);
        if (rng.oneIn(faults.duplicateOneIn) && SimMessages.mayComeTwice(message)) {
          duplicates++;
          deliver(SimMessages.copy(message));
        }
      }
    }

    private void deliver(Message sent) {
      Message message = SimMessages.overTheWire(sent);
      lastArrival = Math.max(lastArrival + 1, events.now() + delay());
      events.after(
          lastArrival - events.now(),
          () -> {
            if (peer.closed) {
              message.discard();
              events.after(delay(), () -> breakDown("reset by peer"));
            } else {
              to.run(peer.fromLife, () -> peer.received(message));
            }
          });
    }

    private void received(Message message) {
      if (closed) {
        message.discard();
      } else {
        handler.received(this, message);
      }
    }

    void flush() {
      List<Message> kept = List.copyOf(keptBack);
      keptBack.clear();
      kept.forEach(this::send);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        ends.remove(this);
        long arrival = Math.max(peer.fromLife, Math.max(lastArrival + 1, events.now() + delay()));
        events.after(Math.max(0, arrival - events.now()), () -> peer.breakDown("closed"));
      }
    }

    /** The link is no more, as seen from this end. */
    void breakDown(String reason) {
      if (!closed) {
        from.run(
            fromLife,
            () -> {
              if (!closed) {
                closed = true;
                ends.remove(this);
                handler.closed(this, reason);
              }
            });
      }
    }
  }
}
