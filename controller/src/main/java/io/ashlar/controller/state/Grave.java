package io.ashlar.controller.state;

import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;

/**
 * A replica that no record names any more and that has yet to be deleted on its node, perhaps when
 * that comes back. It outlives the volume's record, so that a replica nobody knows is never deleted
 * on a guess.
 */
public record Grave(VolumeId volume, long replica, long incarnation, NodeId node) {
  public String key() {
    return "%s.%016x.%016x".formatted(volume, replica, incarnation);
  }
}
