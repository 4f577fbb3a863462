package io.ashlar.model;

import static io.ashlar.model.Invariants.require;

import java.util.regex.Pattern;

/**
 * Identifies a volume in the whole cluster and for ever. At most 64 characters of {@code
 * [A-Za-z0-9._-]}: it is part of CSI volume handles, file names and device names.
 */
public record VolumeId(String value) implements Comparable<VolumeId> {
  private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  public VolumeId {
    require(LEGAL.matcher(value).matches(), "'%s' is not a volume id: want %s", value, LEGAL);
  }

  @Override
  public int compareTo(VolumeId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
