package io.ashlar.controller;

import static io.ashlar.model.Invariants.require;

import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.csi.server.CsiEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Everything that can be set, once, at start.
 *
 * @param csiEndpoint Unix socket of CSI Identity and Controller
 * @param controlListen gRPC for nodes; in plain text where the back-end has no authority, so keep
 *     it on a trusted network then
 * @param httpListen health and metrics
 * @param backend where the cluster's records are
 */
public record ControllerConfig(
    CsiEndpoint csiEndpoint,
    HostPort controlListen,
    HostPort httpListen,
    BackendConfig backend,
    Times times,
    SpacePolicy space) {

  /** Where the cluster's records are, with what that needs. */
  public sealed interface BackendConfig {
    /**
     * @param stateDir holds a file; exclusively this process's
     */
    record Embedded(Path stateDir) implements BackendConfig {}

    /**
     * @param namespace of this installation
     * @param name of this controller, its own among those that are alive
     * @param tlsSecret with the authority of the daemons' certificates; none for plain text
     * @param nodeServiceAccount of the node daemons, whose tokens get certificates
     */
    record Kubernetes(
        String namespace, String name, Optional<String> tlsSecret, String nodeServiceAccount)
        implements BackendConfig {
      public Kubernetes {
        require(!namespace.isEmpty(), "store kubernetes needs the namespace (POD_NAMESPACE)");
        require(
            name.matches("[a-z0-9]([-a-z0-9.]*[a-z0-9])?"),
            "name '%s' is not one that Kubernetes takes (POD_NAME)",
            name);
      }
    }
  }

  /**
   * @param nodeSilence after which a node counts as unreachable
   * @param agentTimeout deadline of a call to a node
   * @param repairDelay how long a volume is detached before its members are repaired
   * @param replaceGrace how long a lost copy is waited for before another node gets it
   * @param callWait longest wait of a CSI call for its work
   */
  public record Times(
      Duration nodeSilence,
      Duration agentTimeout,
      Duration repairDelay,
      Duration replaceGrace,
      Duration callWait) {
    public Times {
      positive("node-silence", nodeSilence);
      positive("agent-timeout", agentTimeout);
      positive("call-wait", callWait);
      require(!repairDelay.isNegative(), "repair-delay %s is negative", repairDelay);
      require(!replaceGrace.isNegative(), "replace-grace %s is negative", replaceGrace);
    }

    private static void positive(String key, Duration value) {
      require(value.isPositive(), "%s %s is not positive", key, value);
    }
  }

  public ControllerConfig {
    require(
        space.overProvisioning() >= 1 && space.overProvisioning() <= 1000,
        "over-provisioning %s is not within 1 to 1000",
        space.overProvisioning());
    require(
        space.reservePercent() >= 0 && space.reservePercent() < 100,
        "reserve-percent %s is not within 0 to 99",
        space.reservePercent());
  }
}
