package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.model.NodeId;
import io.ashlar.node.kubelet.RegistrationOptions;
import io.ashlar.store.StoreFormat;
import io.ashlar.store.StoreOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Configuration of the node daemon, parsed once.
 *
 * @param diskBytes size of a data disk's file if it has to be made
 * @param store how the engines of all data disks together are to behave
 * @param controllers where to find one; it tells where the others are
 * @param tls none: daemons talk in plain text
 * @param deviceDir where volumes appear as block devices
 * @param holderSocket of the device holder, which keeps devices alive over our restarts
 * @param nbdListen also serve NBD on this address, to whoever can reach it
 * @param tag marks loop devices as this installation's
 * @param disks the data disks, where no filter says which devices they are
 * @param kubelet how to register with it; without, somebody else does, or there is none
 * @param deviceFilter of the names of block devices: the data disks are those that it matches
 */
public record NodeConfig(
    NodeId node,
    Path stateDir,
    List<Path> disks,
    long diskBytes,
    StoreOptions store,
    List<HostPort> controllers,
    Optional<TlsFiles> tls,
    HostPort agentListen,
    HostPort replicationListen,
    HostPort httpListen,
    CsiEndpoint csiEndpoint,
    Path deviceDir,
    Path holderSocket,
    Path nbdSocket,
    Optional<HostPort> nbdListen,
    String tag,
    Map<String, String> topology,
    int maxVolumes,
    Optional<RegistrationOptions> kubelet,
    Optional<Pattern> deviceFilter) {

  /**
   * What it takes to get a certificate.
   *
   * @param authorities certificates to believe
   * @param token that proves to be this node
   */
  public record TlsFiles(Path authorities, Path token) {}

  /** Memory for the maps of one disk at least. */
  static final long MAP_CACHE_BYTES_MIN = 8L << 20;

  /** Twelve segments of the store's log, and what comes before them. */
  static final long DISK_BYTES_MIN = StoreFormat.diskBytesMin(StoreFormat.SEGMENT_BYTES_DEFAULT);

  public NodeConfig {
    disks = List.copyOf(disks);
    controllers = List.copyOf(controllers);
    topology = Map.copyOf(topology);
    require(!controllers.isEmpty(), "--controller: want at least one address");
    require(
        diskBytes >= DISK_BYTES_MIN,
        "--disk-size %s: want at least %s bytes (%s MiB)",
        diskBytes,
        DISK_BYTES_MIN,
        DISK_BYTES_MIN >> 20);
    require(maxVolumes >= 0, "--max-volumes %s is negative", maxVolumes);
    require(tag.matches("[A-Za-z0-9-]{1,16}"), "--tag '%s': want 1 to 16 of [A-Za-z0-9-]", tag);
  }
}
