package io.ashlar.tls;

/**
 * Names that certificates carry as their only DNS name (RFC 5280, 4.2.1.6): what a daemon is, not
 * where it is. They exist in no name service; whoever connects says which one it expects.
 */
public final class TlsNames {
  /** All controllers have this one. */
  public static final String CONTROLLER = "controller.ashlar.internal";

  private static final String NODES = ".node.ashlar.internal";

  private TlsNames() {}

  public static String node(String node) {
    return node + NODES;
  }

  public static boolean isNode(String name) {
    return name.endsWith(NODES);
  }
}
