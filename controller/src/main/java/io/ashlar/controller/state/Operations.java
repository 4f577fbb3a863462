package io.ashlar.controller.state;

import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is in progress on a volume, with all that another controller needs to finish it. At most one
 * of a kind; which kinds may stand together is said at {@link VolumeRecord}'s transitions.
 */
public record Operations(
    Optional<Creating> creating,
    Optional<Deleting> deleting,
    Optional<Fencing> fencing,
    Optional<Adding> adding,
    Optional<Expanding> expanding) {

  public static final Operations NONE =
      new Operations(
          Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /** Replicas are being made on the members. {@code excluded}: nodes that could not. */
  public record Creating(List<NodeId> excluded) {
    public Creating {
      excluded = List.copyOf(excluded);
    }

    public Creating excluding(NodeId node) {
      List<NodeId> more = new ArrayList<>(excluded);
      more.add(node);
      return new Creating(more);
    }
  }

  /**
   * Replicas are being deleted, then the record. {@code reason} is not empty if a creation is
   * undone.
   */
  public record Deleting(String reason) {}

  /** The record names nobody any more; an in-sync member has yet to promise {@code epoch}. */
  public record Fencing(NodeId node, int epoch) {}

  /** A replica is being made for a missing copy; it becomes a member when it exists. */
  public record Adding(Member member) {}

  /** The record has the new size; {@code replicas} have yet to be told. */
  public record Expanding(List<Long> replicas) {
    public Expanding {
      replicas = List.copyOf(replicas);
    }
  }

  public Operations withCreating(Optional<Creating> next) {
    return new Operations(next, deleting, fencing, adding, expanding);
  }

  /** Deletion ends whatever else was in progress, except a fence: data may still be written. */
  public Operations withDeleting(Deleting next) {
    return new Operations(Optional.empty(), Optional.of(next), fencing, adding, Optional.empty());
  }

  public Operations withFencing(Optional<Fencing> next) {
    return new Operations(creating, deleting, next, adding, expanding);
  }

  public Operations withAdding(Optional<Adding> next) {
    return new Operations(creating, deleting, fencing, next, expanding);
  }

  public Operations withExpanding(Optional<Expanding> next) {
    return new Operations(creating, deleting, fencing, adding, next);
  }

  public boolean none() {
    return equals(NONE);
  }
}
