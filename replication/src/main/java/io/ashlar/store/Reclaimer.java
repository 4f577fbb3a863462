package io.ashlar.store;

import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.NodeReader;
import io.ashlar.store.map.NodeStore;
import io.ashlar.store.map.NodeWord;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;

/**
 * Lets go, by and by, of what dead trees point at: whole parts of volumes that were trimmed, and
 * deleted replicas. A node stays in the queue until everything directly below it is let go of or in
 * the queue itself, so that a checkpoint always sees all of it once. Loop thread only.
 */
final class Reclaimer {
  private final NodeStore nodes;
  private final Segments segments;
  private final Runnable progress;
  private final ArrayDeque<DeadNode> queue = new ArrayDeque<>();
  private long blocks;
  private boolean busy;
  private boolean stopped;

  /**
   * @param progress told when there is less live on the disk
   */
  Reclaimer(NodeStore nodes, Segments segments, Runnable progress) {
    this.nodes = nodes;
    this.segments = segments;
    this.progress = progress;
  }

  void restore(Collection<DeadNode> dead) {
    dead.forEach(this::queue);
  }

  private void queue(DeadNode node) {
    queue.add(node);
    blocks += NodeWord.mappedBlocks(node.word());
  }

  /** Blocks that still count as live and are not. */
  long blocks() {
    return blocks;
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
            if (bytes == null || !NodeReader.read(bytes, node, new Below())) {
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
    @Override
    public void block(int place) {
      segments.live(place, -Segments.UNITS_A_PAGE);
    }

    @Override
    public void node(DeadNode child) {
      queue(child);
    }
  }

  private void done(DeadNode node) {
    queue.remove(node);
    blocks -= NodeWord.mappedBlocks(node.word());
    nodes.nodeLive(node.word(), -1);
    busy = false;
    progress.run();
    start();
  }
}
