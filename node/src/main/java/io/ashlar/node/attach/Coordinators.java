package io.ashlar.node.attach;

import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.runtime.NodePorts;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.runtime.VolumeCoordinator;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The coordinators of this node, at most one a volume: an older one is closed before another is
 * opened, as the lease rule for one state directory demands. Loop thread only.
 */
public final class Coordinators {
  private record Opened(VolumeCoordinator coordinator, boolean forRepair) {}

  private final NodePorts ports;
  private final ReplicaHost replicas;
  private final Map<VolumeId, Opened> open = new TreeMap<>();
  private final Map<VolumeId, Runnable> afterClose = new TreeMap<>();

  public Coordinators(NodePorts ports, ReplicaHost replicas) {
    this.ports = ports;
    this.replicas = replicas;
  }

  public Optional<VolumeCoordinator> find(VolumeId volume) {
    return Optional.ofNullable(open.get(volume)).map(Opened::coordinator);
  }

  public Collection<VolumeCoordinator> all() {
    return open.values().stream().map(Opened::coordinator).toList();
  }

  /** Opens for an attachment; whatever else is open for the volume is closed first. */
  public void openForAttachment(
      VolumeId volume, long generation, VolumeCoordinator.Listener listener) {
    replace(volume, () -> start(volume, OptionalLong.of(generation), listener));
  }

  /**
   * Opens to bring the members in sync, unless something is open: that one is told to look again.
   */
  public void openForRepair(VolumeId volume) {
    Opened there = open.get(volume);
    if (there != null) {
      there.coordinator.recordMayHaveChanged();
    } else {
      start(volume, OptionalLong.empty(), new RepairListener());
    }
  }

  /** Closes a coordinator that was opened to repair; one with an attachment is left alone. */
  public void closeRepair(VolumeId volume) {
    Opened there = open.get(volume);
    if (there != null && there.forRepair) {
      there.coordinator.close();
    }
  }

  /** Closes whatever is open for the volume; {@code then} runs when nothing is. */
  public void close(VolumeId volume, Runnable then) {
    replace(volume, then);
  }

  private void replace(VolumeId volume, Runnable next) {
    Opened there = open.get(volume);
    if (there == null) {
      next.run();
    } else {
      afterClose.put(volume, next);
      there.coordinator.close();
    }
  }

  private void start(
      VolumeId volume, OptionalLong generation, VolumeCoordinator.Listener listener) {
    Ended ended = new Ended(volume, listener);
    VolumeCoordinator coordinator =
        new VolumeCoordinator(ports, replicas, volume, generation, ended);
    open.put(volume, new Opened(coordinator, generation.isEmpty()));
    coordinator.open();
  }

  private final class Ended implements VolumeCoordinator.Listener {
    private final VolumeId volume;
    private final VolumeCoordinator.Listener next;

    Ended(VolumeId volume, VolumeCoordinator.Listener next) {
      this.volume = volume;
      this.next = next;
    }

    @Override
    public void serving(VolumeView view) {
      next.serving(view);
    }

    @Override
    public void closed(String reason) {
      open.remove(volume);
      next.closed(reason);
      Runnable then = afterClose.remove(volume);
      if (then != null) {
        then.run();
      }
    }
  }

  private static final class RepairListener implements VolumeCoordinator.Listener {
    @Override
    public void serving(VolumeView view) {}

    @Override
    public void closed(String reason) {}
  }
}
