package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.expect;
import static io.ashlar.sanity.badinput.Attack.sentAway;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A gRPC server, attacked below gRPC (HTTP/2 frames) and above it (requests that mean nothing). */
final class GrpcVictim implements Victim {
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private final String name;
  private final SocketAddress address;
  private final List<WildCalls.Call> calls;

  /** Calls below "/"; the first is harmless and has an answer. */
  GrpcVictim(String name, SocketAddress address, List<WildCalls.Call> calls) {
    this.name = name;
    this.address = address;
    this.calls = calls;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Attack> attacks() {
    List<Attack> attacks = new ArrayList<>(new AnyProtocol(address).attacks());
    attacks.add(new Attack("another protocol", this::foreign));
    attacks.add(new Attack("frame of 2^24 - 1 bytes", random -> closes((1 << 24) - 1, HEADERS)));
    attacks.add(new Attack("settings of a wrong length", random -> closes(5, SETTINGS)));
    attacks.add(new Attack("headers that are garbage", this::badHeaders));
    attacks.add(new Attack("random frames", this::randomFrames));
    attacks.add(new Attack("pings without end", this::pings));
    attacks.add(new Attack("streams opened and reset", this::rapidReset));
    attacks.add(new Attack("message of 2^31 - 1 bytes", random -> message(Integer.MAX_VALUE)));
    attacks.add(new Attack("message of negative length", random -> message(-1)));
    attacks.add(new Attack("requests that are random bytes", this::randomRequests));
    attacks.add(new Attack("requests with wild values", this::wildRequests));
    return attacks;
  }

  private static byte[] frame(int length, int type, int flags, int stream, byte[] data) {
    return ByteBuffer.allocate(9 + data.length)
        .put((byte) (length >>> 16))
        .putShort((short) length)
        .put((byte) type)
        .put((byte) flags)
        .putInt(stream)
        .put(data)
        .array();
  }

  private static byte[] frame(int type, int flags, int stream, byte[] data) {
    return frame(data.length, type, flags, stream, data);
  }

  /** HPACK: POST, http, literal path and authority, content-type application/grpc, te trailers. */
  private static byte[] headers(String path) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0x83);
    block.write(0x86);
    literal(block, 0x04, path);
    literal(block, 0x01, "localhost");
    literal(block, 0x0f, null);
    block.write(31 - 15);
    text(block, "application/grpc");
    block.write(0);
    text(block, "te");
    text(block, "trailers");
    return block.toByteArray();
  }

  private static void literal(ByteArrayOutputStream block, int index, String value) {
    block.write(index);
    if (value != null) {
      text(block, value);
    }
  }

  private static void text(ByteArrayOutputStream block, String value) {
    byte[] bytes = value.getBytes(US_ASCII);
    block.write(bytes.length);
    block.writeBytes(bytes);
  }

  private Connection greeted() throws IOException {
    Connection connection = Connection.open(address);
    connection.write(PREFACE);
    connection.write(frame(SETTINGS, 0, 0, new byte[0]));
    return connection;
  }

  /** Waits for the end: bytes of a client that hangs up at once may never be read. */
  private void foreign(SplittableRandom random) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  private void closes(int length, int type) throws IOException, Attack.Unexpected {
    try (Connection connection = greeted()) {
      connection.write(frame(length, type, 0, 0, new byte[16]));
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  private void badHeaders(SplittableRandom random) throws IOException, Attack.Unexpected {
    for (int i = 0; i < 20; i++) {
      try (Connection connection = greeted()) {
        byte[] block = AnyProtocol.bytes(random, 1 + random.nextInt(2000));
        connection.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
        connection.isClosedWithin(0);
      }
    }
  }

  private void randomFrames(SplittableRandom random) throws IOException {
    for (int i = 0; i < 30; i++) {
      var _ =
          sentAway(
              () -> {
                try (Connection connection = greeted()) {
                  for (int j = 0; j < 20; j++) {
                    byte[] data = AnyProtocol.bytes(random, random.nextInt(300));
                    connection.write(
                        frame(random.nextInt(12), random.nextInt(256), random.nextInt(10), data));
                  }
                  connection.isClosedWithin(0);
                }
              });
    }
  }

  private void pings(SplittableRandom random) throws IOException {
    try (Connection connection = greeted()) {
      for (int i = 0; i < 20_000; i++) {
        connection.write(frame(PING, 0, 0, new byte[8]));
      }
    }
  }

  private void rapidReset(SplittableRandom random) throws IOException {
    byte[] block = headers(calls.getFirst().path());
    byte[] cancel = {0, 0, 0, 8};
    try (Connection connection = greeted()) {
      for (int i = 0; i < 3_000; i++) {
        connection.write(frame(HEADERS, END_HEADERS, 2 * i + 1, block));
        connection.write(frame(RST_STREAM, 0, 2 * i + 1, cancel));
      }
    }
  }

  /** Announces a message and sends a little of it: the call or the connection has to end. */
  private void message(int length) throws IOException {
    try (Connection connection = greeted()) {
      connection.write(frame(HEADERS, END_HEADERS, 1, headers(calls.getFirst().path())));
      byte[] start = ByteBuffer.allocate(1005).put((byte) 0).putInt(length).array();
      connection.write(frame(DATA, 0, 1, start));
      connection.read(40);
    }
  }

  private void randomRequests(SplittableRandom random) {
    try (WildCalls client = new WildCalls(address)) {
      for (WildCalls.Call call : calls) {
        for (int i = 0; i < 5; i++) {
          client.call(call.method(), AnyProtocol.bytes(random, 1 + random.nextInt(300)));
        }
      }
      client.call(calls.getFirst().method(), new byte[5 << 20]);
    }
  }

  /** An answer of UNKNOWN or INTERNAL says that we did not think of it. */
  private void wildRequests(SplittableRandom random) throws Attack.Unexpected {
    try (WildCalls client = new WildCalls(address)) {
      for (WildCalls.Call call : calls) {
        String answer = client.call(call.method(), call.request());
        expect(
            !answer.startsWith("UNKNOWN") && !answer.startsWith("INTERNAL"),
            call.method() + " answers " + answer);
      }
    }
  }

  @Override
  public Optional<Connection> silent() throws IOException {
    return Optional.of(Connection.open(address));
  }

  @Override
  public void probe() throws IOException {
    try (WildCalls client = new WildCalls(address)) {
      String answer = client.call(calls.getFirst().method(), calls.getFirst().request());
      if (answer.startsWith("UNAVAILABLE") || answer.startsWith("DEADLINE_EXCEEDED")) {
        throw new IOException(calls.getFirst().method() + " answers " + answer);
      }
    }
  }
}
