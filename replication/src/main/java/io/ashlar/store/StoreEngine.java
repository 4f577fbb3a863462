package io.ashlar.store;

import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import java.util.Collection;
import java.util.Optional;

/** The replicas on the disks of a node. Loop thread only. */
public interface StoreEngine extends AutoCloseable {
  /** Is told what nobody asked for. */
  interface Listener {
    /** A disk with a part of this volume's replica is gone; the rest of it goes on. */
    void partLost(VolumeId volume);
  }

  /** Takes the place of an earlier listener. */
  void listen(Listener listener);

  Collection<? extends ReplicaStore> replicas();

  Optional<? extends ReplicaStore> replica(VolumeId volume);

  /**
   * Makes an empty replica, durably. One a volume: a second one is refused as {@link
   * IllegalStateException}. The callback gets FAILED when the disk does, NO_SPACE when it is full;
   * the replica exists after OK.
   */
  void create(ReplicaMeta meta, ReplicaStore.Callback done);

  /**
   * Deletes a replica durably; its space comes back by collection. Unknown ones are done already.
   */
  void delete(VolumeId volume, ReplicaStore.Callback done);

  Space space();

  /** True after an I/O error or a failed sync, if there is no other disk: final. */
  boolean failed();

  /**
   * Bytes on the disks that are there.
   *
   * @param freeBytes what new writes can still get
   * @param reservedBytes promised by {@link ReplicaStore#reserve} and not used yet
   */
  record Space(long totalBytes, long freeBytes, long reservedBytes, long liveBytes) {}

  @Override
  void close();
}
