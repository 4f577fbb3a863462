package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.expect;
import static io.ashlar.sanity.badinput.Attack.sentAway;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** An NBD socket; the export is read only here, the load on it is another client's. */
final class NbdVictim implements Victim {
  private static final long OPTION_MAGIC = 0x49484156454f5054L;
  private static final int GREETING_BYTES = 18;
  private static final int REQUEST_MAGIC = 0x25609513;
  private static final int OLD_EXPORT_BYTES = 10;
  private static final int REPLY_BYTES = 16;
  private static final int OPT_EXPORT_NAME = 1;
  private static final int OPT_LIST = 3;
  private static final int OPT_GO = 7;

  private final String name;
  private final SocketAddress address;
  private final String export;

  NbdVictim(String name, SocketAddress address, String export) {
    this.name = name;
    this.address = address;
    this.export = export;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Attack> attacks() {
    List<Attack> attacks = new ArrayList<>(new AnyProtocol(address).attacks());
    attacks.add(
        new Attack(
            "unknown client flags", random -> closes(ByteBuffer.allocate(4).putInt(-1).array())));
    attacks.add(
        new Attack(
            "option with wrong magic",
            random ->
                closes(ByteBuffer.allocate(20).putInt(3).putLong(1).putInt(7).putInt(0).array())));
    attacks.add(new Attack("options of huge length", this::hugeOption));
    attacks.add(new Attack("lengths inside an option that do not fit", this::badOption));
    attacks.add(new Attack("half an option, then silence", this::halfOption));
    attacks.add(new Attack("an export that is not there", this::unknownExport));
    attacks.add(new Attack("random options", this::randomOptions));
    if (!export.isEmpty()) {
      attacks.add(new Attack("wrong magic of a request", this::badRequestMagic));
      attacks.add(new Attack("requests that cannot be", this::badRequests));
      attacks.add(new Attack("half a write, then silence", this::halfWrite));
      attacks.add(new Attack("reads whose answers are never read", this::deafReader));
    }
    return attacks;
  }

  private static byte[] option(int option, int length, byte[] data) {
    return ByteBuffer.allocate(16 + data.length)
        .putLong(OPTION_MAGIC)
        .putInt(option)
        .putInt(length)
        .put(data)
        .array();
  }

  private Connection greeted() throws IOException {
    Connection connection = Connection.open(address);
    connection.read(GREETING_BYTES);
    connection.write(new byte[] {0, 0, 0, 3});
    return connection;
  }

  private Connection transmitting() throws IOException {
    Connection connection = greeted();
    byte[] name = export.getBytes(UTF_8);
    connection.write(option(OPT_EXPORT_NAME, name.length, name));
    connection.read(OLD_EXPORT_BYTES);
    return connection;
  }

  private void closes(byte[] hello) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.read(GREETING_BYTES);
      connection.write(hello);
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  private void hugeOption(SplittableRandom random) throws IOException, Attack.Unexpected {
    for (int length : new int[] {-1, Integer.MAX_VALUE, 64 << 20}) {
      try (Connection connection = greeted()) {
        connection.write(option(OPT_GO, length, AnyProtocol.bytes(random, 1 << 16)));
        Deadlines.NEWCOMER.closes(connection, "waits for an option of " + length);
      }
    }
  }

  private void badOption(SplittableRandom random) throws IOException {
    for (int inner : new int[] {-1, Integer.MAX_VALUE, 4097, 5}) {
      try (Connection connection = greeted()) {
        byte[] data = ByteBuffer.allocate(8).putInt(inner).putInt(inner).array();
        for (int code : new int[] {6, OPT_GO, 9, 10}) {
          connection.write(option(code, data.length, data));
          connection.read(20);
        }
      }
    }
  }

  private void halfOption(SplittableRandom random) throws IOException, Attack.Unexpected {
    try (Connection connection = greeted()) {
      connection.write(option(OPT_GO, 1000, new byte[10]));
      Deadlines.NEWCOMER.closes(connection, "waits for the rest of an option");
    }
  }

  private void unknownExport(SplittableRandom random) throws IOException, Attack.Unexpected {
    byte[] name = ("no-such\nevent=forged " + "x".repeat(4000)).getBytes(UTF_8);
    try (Connection connection = greeted()) {
      connection.write(option(OPT_EXPORT_NAME, name.length, name));
      Deadlines.AT_ONCE.closes(connection, "an unknown export leaves the connection open");
    }
  }

  private void randomOptions(SplittableRandom random) throws IOException {
    for (int i = 0; i < 50; i++) {
      var _ =
          sentAway(
              () -> {
                try (Connection connection = greeted()) {
                  for (int j = 0; j < 10; j++) {
                    byte[] data = AnyProtocol.bytes(random, random.nextInt(200));
                    connection.write(option(2 + random.nextInt(12), data.length, data));
                  }
                  connection.isClosedWithin(0);
                }
              });
    }
  }

  private static byte[] request(int magic, int flags, int type, long offset, int length) {
    return ByteBuffer.allocate(28)
        .putInt(magic)
        .putShort((short) flags)
        .putShort((short) type)
        .putLong(77)
        .putLong(offset)
        .putInt(length)
        .array();
  }

  private void badRequestMagic(SplittableRandom random) throws IOException, Attack.Unexpected {
    try (Connection connection = transmitting()) {
      connection.write(request(0x12345678, 0, 0, 0, 4096));
      Deadlines.AT_ONCE.closes(connection, "a wrong magic leaves the connection open");
    }
  }

  /** Each is answered with an error, and the connection goes on. Writes have nothing to write. */
  private void badRequests(SplittableRandom random) throws IOException, Attack.Unexpected {
    try (Connection connection = transmitting()) {
      refused(connection, 0, 0, 1L << 62, 4096);
      refused(connection, 0, 0, -4096, 4096);
      refused(connection, 0, 0, Long.MAX_VALUE, 4096);
      refused(connection, 0, 0, 0, -1);
      refused(connection, 0, 0, 0, (32 << 20) + 1);
      refused(connection, 0, 4, 1L << 62, 4096);
      refused(connection, 0, 6, -1, -1);
      refused(connection, 0, 7, 0, 4096);
      refused(connection, 0xffff, 0, 0, 4096);
      refused(connection, 0, 5, 0, 4096);
      refused(connection, 0, 999, 0, 4096);
      connection.write(request(REQUEST_MAGIC, 0, 1, 1L << 62, 4096));
      connection.write(new byte[4096]);
      expect(connection.read(REPLY_BYTES).getInt(4) != 0, "a write beyond the end was taken");
      connection.write(request(REQUEST_MAGIC, 0, 0, 0, 0));
      expect(connection.read(REPLY_BYTES).getInt(4) == 0, "a read of nothing failed");
    }
  }

  private static void refused(Connection connection, int flags, int type, long offset, int length)
      throws IOException, Attack.Unexpected {
    connection.write(request(REQUEST_MAGIC, flags, type, offset, length));
    int error = connection.read(REPLY_BYTES).getInt(4);
    expect(error != 0, "request type " + type + " at " + offset + " of " + length + " was taken");
  }

  private void halfWrite(SplittableRandom random) throws IOException, Attack.Unexpected {
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        Connection connection = transmitting();
        open.add(connection);
        connection.write(request(REQUEST_MAGIC, 0, 1, 0, 32 << 20));
      }
      Thread.sleep(3_000);
      while (open.size() > 1) {
        open.removeLast().close();
      }
      Deadlines.HALF_REQUEST.closes(open, "half a write");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }

  private void deafReader(SplittableRandom random) throws IOException {
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        Connection connection = transmitting();
        open.add(connection);
        for (int j = 0; j < 64; j++) {
          connection.write(request(REQUEST_MAGIC, 0, 0, 0, 1 << 20));
        }
      }
      Thread.sleep(2_000);
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
    try (Connection connection = greeted()) {
      connection.write(option(OPT_LIST, 0, new byte[0]));
      connection.read(20);
    }
  }
}
