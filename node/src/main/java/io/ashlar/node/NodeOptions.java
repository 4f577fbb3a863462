package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.model.NodeId;
import io.ashlar.node.kubelet.RegistrationOptions;
import io.ashlar.node.pool.DiskSettings;
import io.ashlar.store.ScrubPlan;
import io.ashlar.store.StoreOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Command line of the node daemon; {@code @file} reads arguments from a file. */
@Command(
    name = "ashlar node",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Replicas, coordinators and devices of one node.")
final class NodeOptions {
  static final String TLS_CA = "--tls-ca";

  private static final long MAP_CACHE_BYTES_MIN = DiskSettings.MAP_CACHE_BYTES_MIN;

  /** What the launcher allows the process outside of the heap has to hold it. */
  private static final long MAP_CACHE_BYTES_MAX = 512L << 20;

  @Option(names = "--node-id", required = true, description = "Name of this node in the cluster.")
  private String nodeId;

  @Option(
      names = "--state-dir",
      defaultValue = "/var/lib/ashlar/node",
      description = "Small local state.")
  private Path stateDir;

  @Option(
      names = "--disk",
      description = "Data disk: a file or device; may be repeated. Default: STATE_DIR/disk.")
  private List<Path> disks = new ArrayList<>();

  @Option(
      names = "--device-filter",
      defaultValue = "",
      description =
          "Instead of --disk: regular expression that the whole path of a data disk's device, or"
              + " one of its links in /dev/disk/by-*, matches. All that match are taken if they are"
              + " blank, or this node's own.")
  private String deviceFilter;

  @Option(
      names = "--disk-size",
      defaultValue = "10G",
      description = "Size of each disk file that is made.")
  private String diskSize;

  @Option(
      names = "--map-cache",
      defaultValue = "64M",
      description =
          "Memory for the maps of what the data disks hold, all together; each gets 8M at least.")
  private String mapCache;

  @Option(
      names = "--scrub-days",
      defaultValue = "14",
      description =
          "Days in which all of each data disk is looked through for damage; 0: never. At most 32"
              + " MiB/s are read from it.")
  private int scrubDays;

  @Option(
      names = "--controller",
      defaultValue = "127.0.0.1:7431",
      split = ",",
      description = "Control ports of controllers, HOST:PORT; one is enough, it tells of the rest.")
  private List<String> controllers;

  @Option(
      names = TLS_CA,
      description =
          "Certificates of the authority to believe; with --tls-token: daemons talk TLS, and this"
              + " one gets its certificate from a controller.")
  private Path tlsCa;

  @Option(names = "--tls-token", description = "File with the token that proves to be this node.")
  private Path tlsToken;

  @Option(
      names = "--agent-listen",
      defaultValue = "127.0.0.1:7433",
      description = "gRPC for the controller.")
  private String agentListen;

  @Option(
      names = "--replication-listen",
      defaultValue = "127.0.0.1:7434",
      description = "Replication protocol, for other nodes.")
  private String replicationListen;

  @Option(
      names = "--http-listen",
      defaultValue = "127.0.0.1:7435",
      description = "/healthz and /metrics.")
  private String httpListen;

  @Option(
      names = "--csi-endpoint",
      defaultValue = "$${env:CSI_ENDPOINT:-unix:///run/ashlar/node.sock}",
      description = "Socket of CSI Identity and Node.")
  private String csiEndpoint;

  @Option(
      names = "--device-dir",
      defaultValue = "/dev/ashlar",
      description = "Where volumes appear.")
  private Path deviceDir;

  @Option(
      names = "--holder-socket",
      defaultValue = "/run/ashlar/holder.sock",
      description = "Socket of the device holder.")
  private Path holderSocket;

  @Option(
      names = "--nbd-socket",
      description = "Also serve volumes and replicas by NBD on this socket.")
  private Path nbdSocket;

  @Option(
      names = "--nbd-listen",
      description =
          "Also serve volumes and replicas by NBD on HOST:PORT, unprotected, to whoever can reach"
              + " it; off by default.")
  private String nbdListen;

  @Option(
      names = "--tag",
      defaultValue = "ashlar",
      description = "Marks this installation's loop devices.")
  private String tag;

  @Option(names = "--topology", description = "KEY=VALUE of this node's topology; may be repeated.")
  private Map<String, String> topology = new HashMap<>();

  @Option(
      names = "--max-volumes",
      defaultValue = "128",
      description = "Attached volumes at most; 0: no limit.")
  private int maxVolumes;

  @Option(
      names = "--kubelet-registration-dir",
      defaultValue = "",
      description =
          "Register with the kubelet by a socket in this folder, usually"
              + " /var/lib/kubelet/plugins_registry; empty: do not.")
  private String kubeletRegistrationDir;

  @Option(
      names = "--kubelet-csi-path",
      description = "CSI socket as the kubelet sees it; default: the path of --csi-endpoint.")
  private Path kubeletCsiPath;

  NodeConfig config() {
    CsiEndpoint csi = CsiEndpoint.parse(csiEndpoint);
    return new NodeConfig(
        new NodeId(nodeId),
        stateDir,
        disks(),
        controllers.stream().map(HostPort::parse).toList(),
        tls(),
        HostPort.parse(agentListen),
        HostPort.parse(replicationListen),
        HostPort.parse(httpListen),
        csi,
        deviceDir,
        holderSocket,
        CsiEndpoint.parse(stateDir.toAbsolutePath().normalize().resolve("admin.sock").toString()),
        nbdSocket == null ? stateDir.resolve("nbd.sock") : nbdSocket,
        Optional.ofNullable(nbdListen).map(HostPort::parse),
        tag,
        topology,
        maxVolumes,
        kubelet(csi));
  }

  private DiskSettings disks() {
    return new DiskSettings(
        disks.isEmpty() ? List.of(stateDir.resolve("disk")) : disks,
        filter(),
        ByteSizes.parse(diskSize),
        store());
  }

  private StoreOptions store() {
    long bytes = ByteSizes.parse(mapCache);
    require(
        bytes >= MAP_CACHE_BYTES_MIN && bytes <= MAP_CACHE_BYTES_MAX,
        "--map-cache %s: want 8M to 512M",
        mapCache);
    require(scrubDays >= 0 && scrubDays <= 365, "--scrub-days %s: want 0 to 365", scrubDays);
    ScrubPlan scrub =
        scrubDays == 0
            ? ScrubPlan.NEVER
            : new ScrubPlan(
                Duration.ofDays(scrubDays).toNanos(), ScrubPlan.DEFAULT.bytesPerSecondMax());
    return new StoreOptions(bytes, scrub);
  }

  private Optional<Pattern> filter() {
    if (deviceFilter.isEmpty()) {
      return Optional.empty();
    }
    require(disks.isEmpty(), "--disk and --device-filter are given: want one of them");
    try {
      return Optional.of(Pattern.compile(deviceFilter));
    } catch (PatternSyntaxException wrong) {
      throw new IllegalArgumentException(
          "--device-filter is no regular expression: " + wrong.getMessage(), wrong);
    }
  }

  private Optional<RegistrationOptions> kubelet(CsiEndpoint csi) {
    if (kubeletRegistrationDir.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new RegistrationOptions(
            Path.of(kubeletRegistrationDir), kubeletCsiPath == null ? csi.path() : kubeletCsiPath));
  }

  private Optional<NodeConfig.TlsFiles> tls() {
    if ((tlsCa == null) != (tlsToken == null)) {
      throw new IllegalArgumentException("--tls-ca and --tls-token go together");
    }
    return tlsCa == null ? Optional.empty() : Optional.of(new NodeConfig.TlsFiles(tlsCa, tlsToken));
  }
}
