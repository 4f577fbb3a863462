package io.ashlar.node.frontend.fuse.holder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code ashlar device-holder --socket PATH}. Run it with {@code -Xmx8m -Xint -XX:+UseSerialGC
 * -XX:-UsePerfData --enable-native-access=ALL-UNNAMED}; it is started before the node daemon and
 * outlives it.
 */
public final class HolderMain {
  private static final int EXIT_USAGE = 2;

  private HolderMain() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2 || !arguments[0].equals("--socket")) {
      System.err.println("usage: device-holder --socket PATH");
      System.exit(EXIT_USAGE);
    }
    Path socket = Path.of(arguments[1]).toAbsolutePath();
    Files.createDirectories(socket.getParent());
    try (Holder holder = new Holder(socket)) {
      holder.serve();
    }
  }
}
