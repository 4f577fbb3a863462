package io.ashlar.csi.server;

import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The Unix socket that a CSI service, or one of its kind, listens on, checked so that a wrong
 * configuration fails at the start and with a text that says what is wrong.
 */
public record CsiEndpoint(Path path) {
  /** sun_path of unix(7) less its closing zero. */
  static final int PATH_BYTES_MAX = 107;

  private static final String SCHEME = "unix:";

  public CsiEndpoint {
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException("socket " + path + " is not an absolute path");
    }
    if (!path.toString().endsWith(".sock")) {
      throw new IllegalArgumentException("socket " + path + " does not end in .sock");
    }
    int lengthBytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (lengthBytes > PATH_BYTES_MAX) {
      throw new IllegalArgumentException(
          "socket %s has %d bytes, a Unix socket takes %d"
              .formatted(path, lengthBytes, PATH_BYTES_MAX));
    }
  }

  /**
   * Reads {@code unix:///a/b.sock}, {@code unix:/a/b.sock} or a plain absolute path.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static CsiEndpoint parse(String text) {
    String path = text;
    if (text.startsWith(SCHEME)) {
      path = text.substring(SCHEME.length());
      path = path.startsWith("//") ? path.substring(2) : path;
    } else if (text.contains("://")) {
      throw new IllegalArgumentException("CSI endpoint " + text + ": only Unix sockets are served");
    }
    if (path.isEmpty()) {
      throw new IllegalArgumentException("CSI endpoint '" + text + "' names no path");
    }
    return new CsiEndpoint(Path.of(path));
  }

  /** Checks that the folder is there; the socket is the only file that the driver puts into it. */
  void requireFolder() {
    if (!Files.isDirectory(path.getParent())) {
      throw new IllegalArgumentException(
          "socket " + path + ": folder " + path.getParent() + " does not exist");
    }
  }

  UnixDomainSocketAddress address() {
    return UnixDomainSocketAddress.of(path);
  }

  @Override
  public String toString() {
    return "unix://" + path;
  }
}
