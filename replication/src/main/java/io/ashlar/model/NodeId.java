package io.ashlar.model;

import static io.ashlar.model.Invariants.require;

import java.util.regex.Pattern;

/** Name of a node, unique in the cluster: a DNS subdomain of at most 128 characters. */
public record NodeId(String value) implements Comparable<NodeId> {
  private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  public NodeId {
    require(LEGAL.matcher(value).matches(), "'%s' is not a node id: want %s", value, LEGAL);
  }

  @Override
  public int compareTo(NodeId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
