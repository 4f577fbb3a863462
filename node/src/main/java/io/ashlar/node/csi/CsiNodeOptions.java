package io.ashlar.node.csi;

import static io.ashlar.model.Invariants.require;

import io.ashlar.model.NodeId;
import io.ashlar.node.mount.FileSystemKind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * @param deviceDir where the devices appear; by it our mounts are known after a restart
 * @param topology further keys of the node; its id is added
 * @param maxVolumes 0: no limit
 * @param fileSystem where a request names none
 * @param longestWait of a call without a deadline; the work goes on behind it
 */
public record CsiNodeOptions(
    NodeId node,
    Path deviceDir,
    Map<String, String> topology,
    int maxVolumes,
    FileSystemKind fileSystem,
    Duration longestWait) {
  public static final String NODE_KEY = "topology.ashlar.io/node";

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(110);

  public CsiNodeOptions {
    topology = Map.copyOf(topology);
    require(maxVolumes >= 0, "maxVolumes %s is negative", maxVolumes);
  }

  public static CsiNodeOptions of(
      NodeId node, Path deviceDir, Map<String, String> topology, int maxVolumes) {
    return new CsiNodeOptions(
        node, deviceDir, topology, maxVolumes, FileSystemKind.DEFAULT, LONGEST_WAIT);
  }
}
