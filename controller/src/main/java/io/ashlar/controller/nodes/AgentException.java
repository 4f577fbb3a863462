package io.ashlar.controller.nodes;

import io.ashlar.model.NodeId;

/** A node's agent did not do what was asked. */
public final class AgentException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What to make of it. */
  public enum Kind {
    /** No answer: it may have been done or not; ask again. */
    UNREACHABLE,
    /** The node cannot and will not: no space, a failed disk, a bad request. */
    REFUSED,
    /** Not now, or it broke: ask again. */
    FAILED
  }

  private final transient Kind kind;

  public AgentException(Kind kind, NodeId node, String what, String why, Throwable cause) {
    super("%s on node %s: %s".formatted(what, node, why), cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
