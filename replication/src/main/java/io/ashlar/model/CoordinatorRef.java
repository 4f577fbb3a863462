package io.ashlar.model;

/**
 * Names one opened coordinator. {@code instance} is random per opening; {@code stateDirId} is the
 * random id of the node's state directory, whose exclusive lock proves that an older process is
 * gone.
 */
public record CoordinatorRef(NodeId node, long stateDirId, long instance) {
  /**
   * Whether a lease given to {@code other} need not be waited for: its process is known to be gone.
   */
  public boolean sameStateDir(CoordinatorRef other) {
    return node.equals(other.node) && stateDirId == other.stateDirId;
  }
}
