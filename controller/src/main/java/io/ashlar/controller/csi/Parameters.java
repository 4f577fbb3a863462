package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What StorageClass parameters and labels of a claim say; the label wins. Keys are {@code
 * ashlar.io/x}, with {@code storageos.com/x} as an alias that loses against it in the same place.
 * Nothing is ignored silently but what sidecars add under {@code csi.storage.k8s.io/}, and labels
 * that are not ours.
 *
 * <p>{@code nocompress} says less than {@code compression} and the other way round; it is read as
 * the latter before a claim is compared with its class, so that the claim wins with either word.
 */
record Parameters(int replicas, FailureMode failureMode, Compression compression) {
  static final int REPLICAS_MAX = 5;

  private static final String PREFIX = "ashlar.io/";
  private static final String ALIAS = "storageos.com/";
  private static final String SIDECARS = "csi.storage.k8s.io/";
  private static final String REPLICAS = "replicas";
  private static final String FAILURE_MODE = "failure-mode";
  private static final String COMPRESSION = "compression";
  private static final String NOCOMPRESS = "nocompress";

  private static final SortedSet<String> BUILT =
      new TreeSet<>(Set.of(REPLICAS, FAILURE_MODE, COMPRESSION, NOCOMPRESS));

  /** Known to the product; each leaves this list when its feature comes. */
  private static final SortedSet<String> NOT_YET =
      new TreeSet<>(
          Set.of(
              "encryption",
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

  /** Parameters of a class, normalised to {@code ashlar.io/} keys. */
  static SortedMap<String, String> ofClass(Map<String, String> parameters) {
    Requests.requireSmall("parameters", parameters);
    return normalise("parameter", parameters);
  }

  /** Those of a claim's labels that are meant for us, normalised alike. */
  static SortedMap<String, String> ofClaim(Map<String, String> labels) {
    SortedMap<String, String> ours = new TreeMap<>(labels);
    ours.keySet().removeIf(key -> !key.startsWith(PREFIX) && !key.startsWith(ALIAS));
    return normalise("label", ours);
  }

  static Parameters of(SortedMap<String, String> ofClass, SortedMap<String, String> ofClaim) {
    SortedMap<String, String> given = new TreeMap<>(ofClass);
    given.putAll(ofClaim);
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
    Compression compression = compression(given.getOrDefault(PREFIX + COMPRESSION, "none"));
    return new Parameters(replicas, mode, compression);
  }

  private static SortedMap<String, String> normalise(String what, Map<String, String> parameters) {
    SortedMap<String, String> given = new TreeMap<>();
    for (Map.Entry<String, String> entry : new TreeMap<>(parameters).entrySet()) {
      String key = entry.getKey();
      if (key.startsWith(SIDECARS)) {
        continue;
      }
      if (key.startsWith(PREFIX)) {
        given.put(PREFIX + known(what, key, key.substring(PREFIX.length())), entry.getValue());
      } else if (key.startsWith(ALIAS)) {
        given.putIfAbsent(
            PREFIX + known(what, key, key.substring(ALIAS.length())), entry.getValue());
      } else {
        throw unknown(what, key);
      }
    }
    readNocompress(what, given);
    return given;
  }

  /** Puts {@code compression} in the place of {@code nocompress}. */
  private static void readNocompress(String what, SortedMap<String, String> given) {
    String off = given.remove(PREFIX + NOCOMPRESS);
    if (off == null) {
      return;
    }
    if (!off.equals("true") && !off.equals("false")) {
      throw Requests.invalid("'%s%s' is '%s': want true or false", PREFIX, NOCOMPRESS, off);
    }
    boolean none = off.equals("true");
    String kind =
        given.putIfAbsent(PREFIX + COMPRESSION, (none ? Compression.NONE : Compression.LZ4).text());
    if (kind != null && none != (compression(kind) == Compression.NONE)) {
      throw Requests.invalid(
          "%s '%s%s' is '%s' and '%s%s' is '%s': one says the opposite of the other",
          what, PREFIX, NOCOMPRESS, off, PREFIX, COMPRESSION, kind);
    }
  }

  private static String known(String what, String key, String name) {
    if (NOT_YET.contains(name)) {
      throw Requests.invalid(
          "%s '%s' is not available yet; available are, after %s: %s",
          what, key, PREFIX, String.join(", ", BUILT));
    }
    if (!BUILT.contains(name)) {
      throw unknown(what, key);
    }
    return name;
  }

  private static RefusedException unknown(String what, String key) {
    return Requests.invalid(
        "%s '%s' is not known; known are, after %s (or %s): %s; not available yet: %s",
        what, key, PREFIX, ALIAS, String.join(", ", BUILT), String.join(", ", NOT_YET));
  }

  private static int replicas(String value) {
    if (!value.matches("[0-5]")) {
      throw Requests.invalid(
          "'%s%s' is '%s': want a number from 0 to %d", PREFIX, REPLICAS, value, REPLICAS_MAX);
    }
    return Integer.parseInt(value);
  }

  private static Compression compression(String value) {
    return Compression.of(value)
        .orElseThrow(
            () ->
                Requests.invalid(
                    "'%s%s' is '%s': want lz4, zstd or none", PREFIX, COMPRESSION, value));
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
              "'%s%s' is '%s': want soft, hard, alwayson or a number from 0 to 5",
              PREFIX, FAILURE_MODE, value);
    };
  }
}
