package io.ashlar.controller.state;

import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the user asked for.
 *
 * @param replicas copies besides the first
 * @param compression how blocks are stored; {@link Compression#NONE} where a record, written before
 *     there was a choice, says nothing
 * @param parameters of the class, normalised to their {@code ashlar.io/} keys; compared when a
 *     creation is repeated
 * @param labels of the claim, normalised alike; they win. Read once, when the volume is created:
 *     taking a label away changes nothing.
 * @param uses how the volume is meant to be used; compared too
 */
public record VolumeSpec(
    String name,
    long sizeBytes,
    int replicas,
    FailureMode failureMode,
    Compression compression,
    SortedMap<String, String> parameters,
    SortedMap<String, String> labels,
    List<VolumeUse> uses) {

  public VolumeSpec {
    compression = Objects.requireNonNullElse(compression, Compression.NONE);
    parameters = new TreeMap<>(parameters);
    labels = new TreeMap<>(labels);
    uses = List.copyOf(uses);
  }

  public int copies() {
    return replicas + 1;
  }

  public VolumeSpec withSizeBytes(long next) {
    return new VolumeSpec(name, next, replicas, failureMode, compression, parameters, labels, uses);
  }
}
