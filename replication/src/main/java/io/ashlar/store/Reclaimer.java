package io.ashlar.store;

import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.NodeReader;
import io.ashlar.store.map.NodeStore;
import io.ashlar.store.map.NodeWord;
import io.ashlar.store.map.Place;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;

/**
 * Lets go, by and by, of what dead trees point at: whole parts of volumes that were trimmed, and
 * deleted replicas. A node stays in the queue until everything directly below it is let go of or in
 * the queue itself, so that a checkpoint always sees all of it once. Loop thread only.
 */
final class Reclaimer {
  /** Told what comes of it. */
  interface Host {
    /** So much of what the replica had, in units of 16 bytes, does not count any more. */
    void reclaimed(int replica, int units);

    /** There is less live on the disk. */
    void lessIsLive();
  }

  private final NodeStore nodes;
  private final Segments segments;
  private final Host host;
  private final ArrayDeque<DeadNode> queue = new ArrayDeque<>();
  private long units;
  private boolean busy;
  private boolean stopped;

  Reclaimer(NodeStore nodes, Segments segments, Host host) {
    this.nodes = nodes;
    this.segments = segments;
    this.host = host;
  }

  void restore(Collection<DeadNode> dead) {
    dead.forEach(this::queue);
  }

  private void queue(DeadNode node) {
    queue.add(node);
    units += unitsBelow(node);
  }

  /** What still counts as live and is not, at least, in units of 16 bytes. */
  long units() {
    return units;
  }

  /** How much smaller sealed blocks are is not known before their leaves are looked into. */
  private static long unitsBelow(DeadNode node) {
    int least = Place.liveUnits(node.sealed() ? 1 : Format.PAGE_BYTES);
    return (long) NodeWord.mappedBlocks(node.word()) * least;
  }

  List<DeadNode> all() {
    return List.copyOf(queue);
  }

  void stop() {
    stopped = true;
  }

  void add(DeadNode node) {
    queue(node);
    start();
  }

  void start() {
    if (!busy && !stopped && !queue.isEmpty()) {
      busy = true;
      DeadNode node = queue.peek();
      nodes.readNode(
          node.word(),
          bytes -> {
            if (stopped) {
              return;
            }
            if (bytes == null || !NodeReader.read(bytes, node, new Below(node))) {
              // What it pointed at counts as live for ever: nobody else knows what that was.
              nodes.nodeLost(
                  new LostNode(
                      node.replica(), node.leaf(), node.number(), NodeWord.place(node.word())));
            }
            done(node);
          });
    }
  }

  private final class Below implements NodeReader.Visitor {
    private final DeadNode node;

    Below(DeadNode node) {
      this.node = node;
    }

    @Override
    public void block(int page, int liveUnits) {
      segments.live(page, -liveUnits);
      host.reclaimed(node.replica(), liveUnits);
    }

    @Override
    public void node(DeadNode child) {
      queue(child);
    }
  }

  private void done(DeadNode node) {
    queue.remove(node);
    units -= unitsBelow(node);
    nodes.nodeLive(node.word(), -1);
    busy = false;
    host.lessIsLive();
    start();
  }
}
