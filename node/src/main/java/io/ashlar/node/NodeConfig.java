package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.model.NodeId;
import java.nio.file.Path;
import java.util.Map;

/**
 * Configuration of the node daemon, parsed once.
 *
 * @param diskBytes size of the data disk's file if it has to be made
 * @param deviceDir where volumes appear as block devices
 * @param holderSocket of the device holder, which keeps devices alive over our restarts
 * @param tag marks loop devices as this installation's
 */
public record NodeConfig(
    NodeId node,
    Path stateDir,
    Path disk,
    long diskBytes,
    HostPort controller,
    HostPort agentListen,
    HostPort replicationListen,
    HostPort httpListen,
    CsiEndpoint csiEndpoint,
    Path deviceDir,
    Path holderSocket,
    Path nbdSocket,
    String tag,
    Map<String, String> topology,
    int maxVolumes) {

  static final long DISK_BYTES_MIN = 256L << 20;

  public NodeConfig {
    topology = Map.copyOf(topology);
    require(diskBytes >= DISK_BYTES_MIN, "--disk-size %s: want at least 256 MiB", diskBytes);
    require(maxVolumes >= 0, "--max-volumes %s is negative", maxVolumes);
    require(tag.matches("[A-Za-z0-9-]{1,16}"), "--tag '%s': want 1 to 16 of [A-Za-z0-9-]", tag);
  }
}
