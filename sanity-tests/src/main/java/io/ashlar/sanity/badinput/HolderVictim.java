package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.sentAway;

import io.ashlar.sys.FdSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The socket of a device holder, which keeps descriptors: messages, not a stream. */
final class HolderVictim implements Victim {
  private static final byte[] LIST = {2, 0, 0};
  private static final byte[] WATCH = {5, 0, 0};
  private static final int DROPPED = 500;
  private static final int SILENT = 300;

  private final String name;
  private final Path socket;

  HolderVictim(String name, Path socket) {
    this.name = name;
    this.socket = socket;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Attack> attacks() {
    return List.of(
        new Attack("random messages", this::noise),
        new Attack("messages that do not fit", this::misfits),
        new Attack("connections opened and dropped", this::dropped),
        new Attack("silent and watching connections", this::silent));
  }

  private void noise(SplittableRandom random) {
    for (int i = 0; i < 200; i++) {
      var _ =
          sentAway(
              () -> {
                try (FdSocket connection = FdSocket.connect(socket)) {
                  connection.send(AnyProtocol.bytes(random, 1 + random.nextInt(60_000)), List.of());
                }
              });
    }
  }

  private void misfits(SplittableRandom random) throws IOException {
    byte[][] messages = {
      {1, 0, 1},
      {3, -1, -1},
      {4, 0, 1, -1, -1},
      {1, 0, 1, 0, 1, 'v', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
      {3, 0, 1, 0, 1, 'v', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
      {4, 0, 1, 0, 1, 'v', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
      {99, 0, 0},
      {3, 0, 1, 0, 1, '/', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0}
    };
    for (byte[] message : messages) {
      try (FdSocket connection = FdSocket.connect(socket)) {
        connection.send(message, List.of());
        connection.receive();
      }
    }
  }

  private void dropped(SplittableRandom random) throws IOException {
    for (int i = 0; i < DROPPED; i++) {
      FdSocket.connect(socket).close();
    }
  }

  private void silent(SplittableRandom random) throws IOException {
    List<FdSocket> open = new ArrayList<>();
    try {
      for (int i = 0; i < SILENT; i++) {
        FdSocket connection = FdSocket.connect(socket);
        open.add(connection);
        if (random.nextBoolean()) {
          connection.send(WATCH, List.of());
        }
      }
      Thread.sleep(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.forEach(FdSocket::close);
    }
  }

  @Override
  public void probe() throws IOException {
    try (FdSocket connection = FdSocket.connect(socket)) {
      connection.send(LIST, List.of());
      if (connection.receive() == null) {
        throw new IOException("the holder closed the connection");
      }
    }
  }
}
