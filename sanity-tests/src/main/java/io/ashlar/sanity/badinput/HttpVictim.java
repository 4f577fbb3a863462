package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.expect;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A port with metrics. */
final class HttpVictim implements Victim {
  private static final int LORIS = 150;
  private static final int LORIS_DRIPS = 12;

  private final String name;
  private final SocketAddress address;

  HttpVictim(String name, SocketAddress address) {
    this.name = name;
    this.address = address;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Attack> attacks() {
    List<Attack> attacks = new ArrayList<>(new AnyProtocol(address).attacks());
    attacks.add(
        new Attack("request line of 1 MB", random -> refused("GET /" + "a".repeat(1 << 20))));
    attacks.add(
        new Attack(
            "header of 1 MB",
            random -> refused("GET /metrics HTTP/1.1\r\nX: " + "a".repeat(1 << 20) + "\r\n\r\n")));
    attacks.add(new Attack("body that is announced and never sent", this::endlessBody));
    attacks.add(
        new Attack(
            "contradicting lengths",
            random ->
                refused(
                    "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                        + "Content-Length: -9223372036854775808\r\n\r\n")));
    attacks.add(new Attack("slow loris", this::loris));
    return attacks;
  }

  /** The answer, if one comes at all, is an error. */
  private void refused(String request) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.write(request.getBytes(US_ASCII));
      String status = US_ASCII.decode(connection.read(12)).toString();
      expect(status.startsWith("HTTP/1.1 4"), "answered with " + status);
    }
  }

  private void endlessBody(SplittableRandom random) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.write(
          "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"
              .getBytes(US_ASCII));
      Deadlines.NEWCOMER.closes(connection, "the connection stays open");
    }
  }

  private void loris(SplittableRandom random) throws IOException {
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < LORIS; i++) {
        Connection connection = Connection.open(address);
        open.add(connection);
        connection.write("GET /metrics HTTP/1.1\r\n".getBytes(US_ASCII));
      }
      for (int i = 0; i < LORIS_DRIPS; i++) {
        Thread.sleep(500);
        for (Connection connection : open) {
          connection.write("X".getBytes(US_ASCII));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }

  @Override
  public Optional<Connection> silent() throws IOException {
    return Optional.of(Connection.open(address));
  }

  @Override
  public void probe() throws IOException {
    try (Connection connection = Connection.open(address)) {
      connection.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
      String status = US_ASCII.decode(connection.read(12)).toString();
      if (!status.equals("HTTP/1.1 200")) {
        throw new IOException("/metrics answers " + status);
      }
    }
  }
}
