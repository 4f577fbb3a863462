package io.ashlar.node.attach;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Timers;
import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.nbd.Exports;
import io.ashlar.node.frontend.nbd.ReplicaExport;
import io.ashlar.protocol.ReplicaMachine;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.store.ReplicaStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What this node offers by NBD: attached volumes under their id, and the replicas of this node,
 * read-only and for inspection, as {@code replica/<volume id>}. Loop thread only.
 */
public final class NodeExports implements Exports {
  private static final String REPLICA = "replica/";

  private final Attachments attachments;
  private final ReplicaHost replicas;
  private final PayloadPool pool;
  private final Timers timers;

  public NodeExports(
      Attachments attachments, ReplicaHost replicas, PayloadPool pool, Timers timers) {
    this.attachments = attachments;
    this.replicas = replicas;
    this.pool = pool;
    this.timers = timers;
  }

  @Override
  public List<String> names() {
    List<String> names = new ArrayList<>();
    attachments.volumes().stream().sorted().forEach(volume -> names.add(volume.value()));
    for (ReplicaMachine machine : replicas.all()) {
      names.add(REPLICA + machine.meta().volume());
    }
    return names;
  }

  @Override
  public Optional<Export> open(String name) {
    try {
      if (name.startsWith(REPLICA)) {
        VolumeId volume = new VolumeId(name.substring(REPLICA.length()));
        Optional<? extends ReplicaStore> store = replicas.engine().replica(volume);
        return store.map(it -> new Export(new ReplicaExport(it, pool, timers), true));
      }
      return attachments.device(new VolumeId(name)).map(it -> new Export(it, it.isReadOnly()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
