package io.ashlar.controller.state;

import io.ashlar.model.Attachment;
import io.ashlar.model.NodeId;
import java.util.Optional;

/**
 * A volume in a few words, as its record says; whether the nodes of its copies are alive is not in
 * there.
 *
 * @param inSync copies that have every acknowledged write
 * @param copies copies that it should have
 * @param node where it is attached
 */
public record VolumeSummary(State state, int inSync, int copies, Optional<NodeId> node) {
  /** The first that applies. */
  public enum State {
    CREATING("Creating", "its copies are being made"),
    DELETING("Deleting", "its copies are being deleted"),
    FENCING("Fencing", "a node that may still write is being cut off"),
    BLOCKED("Blocked", "fewer copies are in sync than its failure mode needs for writing"),
    DEGRADED("Degraded", "not all copies are in sync"),
    HEALTHY("Healthy", "all copies are in sync");

    private final String text;
    private final String meaning;

    State(String text, String meaning) {
      this.text = text;
      this.meaning = meaning;
    }

    public String text() {
      return text;
    }

    public String meaning() {
      return meaning;
    }

    /** Whether a pod can write to it. */
    public boolean writable() {
      return this == HEALTHY || this == DEGRADED;
    }
  }

  public static VolumeSummary of(VolumeRecord record) {
    return new VolumeSummary(
        state(record),
        record.membership().inSyncCount(),
        record.spec().copies(),
        record.membership().attachment().map(Attachment::node));
  }

  private static State state(VolumeRecord record) {
    Operations operations = record.operations();
    if (operations.deleting().isPresent()) {
      return State.DELETING;
    }
    if (operations.creating().isPresent()) {
      return State.CREATING;
    }
    if (operations.fencing().isPresent()) {
      return State.FENCING;
    }
    int inSync = record.membership().inSyncCount();
    if (inSync < record.spec().failureMode().copiesToWrite(record.spec().replicas())) {
      return State.BLOCKED;
    }
    return inSync < record.spec().copies() ? State.DEGRADED : State.HEALTHY;
  }
}
