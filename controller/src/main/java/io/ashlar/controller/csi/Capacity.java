package io.ashlar.controller.csi;

import io.ashlar.controller.placement.Candidate;
import io.ashlar.controller.placement.Candidates;
import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.controller.reconcile.Cluster;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.csi.v1.GetCapacityRequest;
import io.ashlar.model.Blocks;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * GetCapacity. Volumes can be reached from everywhere, so topology does not narrow it; the number
 * of copies does. Where nodes are missing, CreateVolume makes fewer copies if the failure mode
 * allows it, and so there is room: where there is none, the scheduler starts no pod.
 *
 * @param availableBytes sum of the sizes that volumes of this kind may still have
 * @param volumeBytesMax largest single one
 */
record Capacity(long availableBytes, long volumeBytesMax) {
  static Capacity of(Cluster cluster, SpacePolicy space, GetCapacityRequest request) {
    request.getVolumeCapabilitiesList().forEach(Uses::require);
    Parameters parameters =
        Parameters.of(Parameters.ofClass(request.getParametersMap()), Parameters.ofClaim(Map.of()));
    List<Long> headrooms =
        candidates(cluster).stream()
            .filter(candidate -> candidate.node().reachable())
            .filter(candidate -> hasSpace(space, candidate))
            .map(space::headroomBytes)
            .sorted(Comparator.reverseOrder())
            .toList();
    if (headrooms.size() < parameters.failureMode().copiesToWrite(parameters.replicas())) {
      return new Capacity(0, 0);
    }
    int copies = Math.min(parameters.replicas() + 1, headrooms.size());
    long sum = headrooms.stream().mapToLong(Long::longValue).sum();
    long largest = Math.min(headrooms.get(copies - 1), Blocks.VOLUME_BYTES_MAX);
    return new Capacity(wholeBlocks(sum / copies), wholeBlocks(largest));
  }

  private static boolean hasSpace(SpacePolicy space, Candidate candidate) {
    return candidate.pool().map(pool -> pool.freeBytes() > space.reservedBytes(pool)).orElse(false);
  }

  private static long wholeBlocks(long bytes) {
    return bytes / Blocks.BLOCK_BYTES * Blocks.BLOCK_BYTES;
  }

  /** Nodes with a copy of the volume that may not be promised as much more. */
  static List<NodeId> nodesWithout(Cluster cluster, VolumeRecord record, long moreBytes) {
    List<NodeId> holders = record.replicas().stream().map(Member::node).toList();
    return candidates(cluster).stream()
        .filter(candidate -> holders.contains(candidate.id()))
        .filter(candidate -> candidate.pool().isPresent())
        .filter(candidate -> cluster.placement().space().headroomBytes(candidate) < moreBytes)
        .map(Candidate::id)
        .toList();
  }

  private static List<Candidate> candidates(Cluster cluster) {
    return Candidates.of(
        cluster.nodes().all(), cluster.volumes().list().stream().map(Versioned::value).toList());
  }
}
