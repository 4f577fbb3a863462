package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.sentAway;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What hurts without knowledge of the protocol. */
final class AnyProtocol {
  private static final int DROPPED = 1_000;
  private static final int SILENT = 300;
  private static final int NOISE_BYTES_MAX = 1 << 20;

  private final SocketAddress address;

  AnyProtocol(SocketAddress address) {
    this.address = address;
  }

  List<Attack> attacks() {
    return List.of(
        new Attack("random bytes", this::noise),
        new Attack("connections opened and dropped", this::dropped),
        new Attack("silent connections", this::silent));
  }

  static byte[] bytes(SplittableRandom random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private void noise(SplittableRandom random) throws IOException {
    for (int i = 0; i < 20; i++) {
      var _ =
          sentAway(
              () -> {
                try (Connection connection = Connection.open(address)) {
                  connection.write(bytes(random, 1 + random.nextInt(1 << random.nextInt(1, 21))));
                  connection.isClosedWithin(0);
                }
              });
    }
    try (Connection connection = Connection.open(address)) {
      connection.write(bytes(random, NOISE_BYTES_MAX));
    }
  }

  private void dropped(SplittableRandom random) throws IOException {
    for (int i = 0; i < DROPPED; i++) {
      try (Connection connection = Connection.open(address)) {
        if (random.nextInt(4) == 0) {
          connection.write(bytes(random, 1));
        }
      }
    }
  }

  /** All at once; whoever is first must not be kept out by them, which the probes see. */
  private void silent(SplittableRandom random) throws IOException, Attack.Unexpected {
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < SILENT; i++) {
        open.add(Connection.open(address));
      }
      Deadlines.NEWCOMER.closes(open, "silent connections");
    } finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }
}
