package io.ashlar.store;

import static io.ashlar.model.Invariants.require;

import io.ashlar.model.NodeId;

/**
 * Whose disk it is.
 *
 * @param cluster id of the cluster, at most 64 bytes
 * @param pool name of the pool on the node, at most 64 bytes
 * @param diskId random, made when the disk is formatted; never 0
 */
public record DiskIdentity(String cluster, NodeId node, String pool, long diskId) {
  static final int NAME_BYTES_MAX = 64;

  public DiskIdentity {
    requireName("cluster", cluster);
    requireName("pool", pool);
    require(diskId != 0, "a disk id is never 0");
  }

  private static void requireName(String what, String name) {
    int bytes = name.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    require(
        bytes >= 1 && bytes <= NAME_BYTES_MAX, "%s name of %s bytes: want 1 to 64", what, bytes);
  }

  /** Whether a disk of this identity may serve where {@code wanted} is asked for. */
  public boolean serves(DiskIdentity wanted) {
    return cluster.equals(wanted.cluster) && node.equals(wanted.node) && pool.equals(wanted.pool);
  }
}
