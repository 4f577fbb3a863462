package io.ashlar.controller;

import io.ashlar.controller.ControllerConfig.BackendConfig;
import io.ashlar.controller.ControllerConfig.Times;
import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.csi.server.CsiEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The command line; {@code @file} reads more arguments from a file, one a line. */
@Command(
    name = "ashlar controller",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = "CSI Controller, placement, repair and fencing of Ashlar volumes.")
final class ControllerOptions {
  @Option(
      names = "--csi-endpoint",
      paramLabel = "unix:///PATH.sock",
      defaultValue = "${env:CSI_ENDPOINT:-unix:///run/ashlar/controller.sock}",
      description = "Socket of CSI Identity and Controller.")
  private String csiEndpoint;

  @Option(
      names = "--control-listen",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:7431",
      description = "gRPC for nodes.")
  private String controlListen;

  @Option(
      names = "--http-listen",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:7432",
      description = "/healthz and /metrics.")
  private String httpListen;

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      defaultValue = "/var/lib/ashlar/controller",
      description = "Folder of the embedded store.")
  private Path stateDir;

  @Option(
      names = "--store",
      paramLabel = "embedded|kubernetes",
      defaultValue = "embedded",
      description = "Where the cluster's records are.")
  private String store;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      defaultValue = "${env:POD_NAMESPACE:-}",
      description = "Namespace of this installation, for --store kubernetes.")
  private String namespace;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "${env:POD_NAME:-${env:HOSTNAME:-}}",
      description = "Name of this controller among several, for --store kubernetes.")
  private String name;

  @Option(
      names = "--tls-secret",
      paramLabel = "NAME",
      defaultValue = "",
      description =
          "Secret, and ConfigMap, with the authority of the daemons' certificates, for --store"
              + " kubernetes; without it they talk in plain text.")
  private String tlsSecret;

  @Option(
      names = "--node-service-account",
      paramLabel = "NAME",
      defaultValue = "ashlar-node",
      description = "Service account of the node daemons, whose tokens get certificates.")
  private String nodeServiceAccount;

  @Option(
      names = "--node-silence",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Time.class,
      description = "After which a node counts as unreachable.")
  private Duration nodeSilence;

  @Option(
      names = "--agent-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Time.class,
      description = "Deadline of a call to a node.")
  private Duration agentTimeout;

  @Option(
      names = "--repair-delay",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = Time.class,
      description = "How long a volume is detached before its copies are repaired.")
  private Duration repairDelay;

  @Option(
      names = "--replace-grace",
      paramLabel = "TIME",
      defaultValue = "10m",
      converter = Time.class,
      description = "How long a lost copy is waited for; not at all while writes are held.")
  private Duration replaceGrace;

  @Option(
      names = "--call-wait",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Time.class,
      description = "Longest wait of a CSI call for its work; the work goes on.")
  private Duration callWait;

  @Option(
      names = "--over-provisioning",
      paramLabel = "N",
      defaultValue = "10",
      description = "How many times a pool's size may be promised to volumes.")
  private int overProvisioning;

  @Option(
      names = "--reserve-percent",
      paramLabel = "N",
      defaultValue = "5",
      description = "Part of a pool that new copies leave free.")
  private int reservePercent;

  /** {@code 500ms}, {@code 5s} or {@code 2m}. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      if (text.matches("[0-9]{1,9}ms")) {
        return Duration.ofMillis(number(text, 2));
      }
      if (text.matches("[0-9]{1,9}s")) {
        return Duration.ofSeconds(number(text, 1));
      }
      if (text.matches("[0-9]{1,9}m")) {
        return Duration.ofMinutes(number(text, 1));
      }
      throw new TypeConversionException("'" + text + "' is not a time such as 500ms, 5s or 2m");
    }

    private static long number(String text, int unitLength) {
      return Long.parseLong(text.substring(0, text.length() - unitLength));
    }
  }

  /**
   * @throws IllegalArgumentException for values that make no sense
   */
  ControllerConfig config() {
    return new ControllerConfig(
        CsiEndpoint.parse(csiEndpoint),
        HostPort.parse(controlListen),
        HostPort.parse(httpListen),
        backend(),
        new Times(nodeSilence, agentTimeout, repairDelay, replaceGrace, callWait),
        new SpacePolicy(overProvisioning, reservePercent));
  }

  private BackendConfig backend() {
    return switch (store) {
      case "embedded" -> new BackendConfig.Embedded(stateDir);
      case "kubernetes" ->
          new BackendConfig.Kubernetes(
              namespace,
              name,
              Optional.of(tlsSecret).filter(secret -> !secret.isEmpty()),
              nodeServiceAccount);
      default ->
          throw new IllegalArgumentException(
              "store '" + store + "' is not one of embedded, kubernetes");
    };
  }
}
