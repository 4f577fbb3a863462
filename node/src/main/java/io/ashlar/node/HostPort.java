package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import java.net.InetSocketAddress;

/** An address to listen on or to reach; port 0 lets the system choose. */
public record HostPort(String host, int port) {
  public HostPort {
    require(!host.isEmpty(), "an address needs a host");
    require(port >= 0 && port <= 65_535, "port %s is not within 0 to 65535", port);
  }

  /** Reads {@code host:port} or {@code [v6]:port}. */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    require(colon > 0, "'%s' is not host:port", text);
    String port = text.substring(colon + 1);
    require(port.matches("[0-9]{1,5}"), "'%s' is not host:port", text);
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    return new HostPort(
        bracketed ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port));
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(host, port);
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
