package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.model.NodeId;
import io.ashlar.node.kubelet.RegistrationOptions;
import io.ashlar.node.pool.DiskSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration of the node daemon, parsed once.
 *
 * @param controllers where to find one; it tells where the others are
 * @param tls none: daemons talk in plain text
 * @param deviceDir where volumes appear as block devices
 * @param holderSocket of the device holder, which keeps devices alive over our restarts
 * @param adminSocket for operators on this machine
 * @param nbdListen also serve NBD on this address, to whoever can reach it
 * @param tag marks loop devices as this installation's
 * @param kubelet how to register with it; without, somebody else does, or there is none
 */
public record NodeConfig(
    NodeId node,
    Path stateDir,
    DiskSettings disks,
    List<HostPort> controllers,
    Optional<TlsFiles> tls,
    HostPort agentListen,
    HostPort replicationListen,
    HostPort httpListen,
    CsiEndpoint csiEndpoint,
    Path deviceDir,
    Path holderSocket,
    CsiEndpoint adminSocket,
    Path nbdSocket,
    Optional<HostPort> nbdListen,
    String tag,
    Map<String, String> topology,
    int maxVolumes,
    Optional<RegistrationOptions> kubelet) {

  /**
   * What it takes to get a certificate.
   *
   * @param authorities certificates to believe
   * @param token that proves to be this node
   */
  public record TlsFiles(Path authorities, Path token) {}

  public NodeConfig {
    controllers = List.copyOf(controllers);
    topology = Map.copyOf(topology);
    require(!controllers.isEmpty(), "--controller: want at least one address");
    require(maxVolumes >= 0, "--max-volumes %s is negative", maxVolumes);
    require(tag.matches("[A-Za-z0-9-]{1,16}"), "--tag '%s': want 1 to 16 of [A-Za-z0-9-]", tag);
  }
}
