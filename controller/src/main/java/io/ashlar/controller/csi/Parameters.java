package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.model.FailureMode;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * StorageClass parameters. Keys are {@code ashlar.io/x}, with {@code storageos.com/x} as an alias
 * that loses against it. Nothing is ignored silently but what sidecars add under {@code
 * csi.storage.k8s.io/}.
 *
 * @param given normalised to {@code ashlar.io/} keys
 */
record Parameters(int replicas, FailureMode failureMode, SortedMap<String, String> given) {
  static final int REPLICAS_MAX = 5;

  private static final String PREFIX = "ashlar.io/";
  private static final String ALIAS = "storageos.com/";
  private static final String SIDECARS = "csi.storage.k8s.io/";
  private static final String REPLICAS = "replicas";
  private static final String FAILURE_MODE = "failure-mode";

  private static final SortedSet<String> BUILT = new TreeSet<>(Set.of(REPLICAS, FAILURE_MODE));

  /** Known to the product; each leaves this list when its feature comes. */
  private static final SortedSet<String> NOT_YET =
      new TreeSet<>(
          Set.of(
              "encryption",
              "compression",
              "nocompress",
              "topology-aware",
              "topology-key",
              "fixed-topology",
              "pool",
              "disk-selector",
              "node-selector",
              "automatic-data-locality",
              "iops-limit",
              "iops-read-limit",
              "iops-write-limit",
              "bandwidth-limit",
              "bandwidth-read-limit",
              "bandwidth-write-limit",
              "durability",
              "hint-primary",
              "nfs-squash"));

  static Parameters parse(Map<String, String> parameters) {
    Requests.requireSmall("parameters", parameters);
    SortedMap<String, String> given = normalise(parameters);
    int replicas = replicas(given.getOrDefault(PREFIX + REPLICAS, "1"));
    FailureMode mode = failureMode(given.getOrDefault(PREFIX + FAILURE_MODE, "soft"));
    if (mode.kind() == FailureMode.Kind.TOLERATE && mode.tolerance() > replicas) {
      throw Requests.invalid(
          "%s%s %d needs %d copies, a volume with %d replicas has %d",
          PREFIX,
          FAILURE_MODE,
          mode.tolerance(),
          mode.copiesToWrite(replicas),
          replicas,
          replicas + 1);
    }
    return new Parameters(replicas, mode, given);
  }

  private static SortedMap<String, String> normalise(Map<String, String> parameters) {
    SortedMap<String, String> given = new TreeMap<>();
    for (Map.Entry<String, String> entry : new TreeMap<>(parameters).entrySet()) {
      String key = entry.getKey();
      if (key.startsWith(SIDECARS)) {
        continue;
      }
      if (key.startsWith(PREFIX)) {
        given.put(PREFIX + known(key, key.substring(PREFIX.length())), entry.getValue());
      } else if (key.startsWith(ALIAS)) {
        given.putIfAbsent(PREFIX + known(key, key.substring(ALIAS.length())), entry.getValue());
      } else {
        throw unknown(key);
      }
    }
    return given;
  }

  private static String known(String key, String name) {
    if (NOT_YET.contains(name)) {
      throw Requests.invalid("parameter '%s' is not available yet", key);
    }
    if (!BUILT.contains(name)) {
      throw unknown(key);
    }
    return name;
  }

  private static RefusedException unknown(String key) {
    return Requests.invalid(
        "parameter '%s' is not known; known are, after %s (or %s): %s; not available yet: %s",
        key, PREFIX, ALIAS, String.join(", ", BUILT), String.join(", ", NOT_YET));
  }

  private static int replicas(String value) {
    if (!value.matches("[0-5]")) {
      throw Requests.invalid(
          "parameter '%s%s' is '%s': want a number from 0 to %d",
          PREFIX, REPLICAS, value, REPLICAS_MAX);
    }
    return Integer.parseInt(value);
  }

  private static FailureMode failureMode(String value) {
    return switch (value) {
      case "soft" -> FailureMode.SOFT;
      case "hard" -> FailureMode.HARD;
      case "alwayson" -> FailureMode.ALWAYSON;
      case "0", "1", "2", "3", "4", "5" ->
          new FailureMode(FailureMode.Kind.TOLERATE, Integer.parseInt(value));
      default ->
          throw Requests.invalid(
              "parameter '%s%s' is '%s': want soft, hard, alwayson or a number from 0 to 5",
              PREFIX, FAILURE_MODE, value);
    };
  }
}
