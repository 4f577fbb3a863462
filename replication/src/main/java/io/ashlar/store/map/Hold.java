package io.ashlar.store.map;

import static io.ashlar.model.Invariants.check;

import java.util.ArrayList;
import java.util.List;

/** Nodes that stay in memory until they are let go of. */
public final class Hold {
  private final List<Node> nodes = new ArrayList<>(4);

  /** All of them in one; they are empty then. */
  public static Hold of(List<Hold> holds) {
    Hold all = new Hold();
    for (Hold hold : holds) {
      all.nodes.addAll(hold.nodes);
      hold.nodes.clear();
    }
    return all;
  }

  void add(Node node) {
    node.pins++;
    nodes.add(node);
  }

  public void release() {
    for (Node node : nodes) {
      check(node.pins > 0, "a node let go of twice");
      node.pins--;
    }
    nodes.clear();
  }
}
