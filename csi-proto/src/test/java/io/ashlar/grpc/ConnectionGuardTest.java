package io.ashlar.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Connections in memory, each with a clock of its own; what gets through would reach gRPC. */
final class ConnectionGuardTest {
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  private long now;
  private final EmbeddedChannel listening =
      new EmbeddedChannel(new ConnectionGuard(PrefaceCheck.Protocol.HTTP2, () -> now));

  private EmbeddedChannel connect() {
    EmbeddedChannel connection = new EmbeddedChannel();
    listening.writeInbound(connection);
    assertThat(listening.<Object>readInbound()).isSameAs(connection);
    connection.pipeline().fireChannelActive();
    return connection;
  }

  private List<EmbeddedChannel> connect(int count) {
    List<EmbeddedChannel> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(connect());
    }
    return all;
  }

  private static void say(EmbeddedChannel connection, byte[] bytes) {
    connection.writeInbound(Unpooled.copiedBuffer(bytes));
  }

  private static String passed(EmbeddedChannel connection) {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf part = connection.readInbound(); part != null; part = connection.readInbound()) {
      all.writeBytes(part);
      part.release();
    }
    return all.toString(US_ASCII);
  }

  private static void pass(EmbeddedChannel connection, long seconds) {
    connection.advanceTimeBy(seconds, TimeUnit.SECONDS);
    connection.runScheduledPendingTasks();
  }

  @Test
  void aPrefaceInPiecesGetsThroughUnchangedAndWhatFollowsIsNotLookedAt() {
    EmbeddedChannel connection = connect();
    for (byte one : PREFACE) {
      say(connection, new byte[] {one});
    }
    say(connection, "anything".getBytes(US_ASCII));
    assertThat(passed(connection)).isEqualTo(new String(PREFACE, US_ASCII) + "anything");
    pass(connection, 1_000);
    assertThat(connection.isOpen()).isTrue();
  }

  @Test
  void whoSpeaksSomethingElseIsSentAwayAtItsFirstWrongByte() {
    EmbeddedChannel connection = connect();
    say(connection, "PRI * HTTP/1.1\r\n".getBytes(US_ASCII));
    assertThat(connection.isOpen()).isFalse();
    assertThat(passed(connection)).isEmpty();
  }

  @Test
  void silenceAndHalfAPrefaceHaveTenSeconds() {
    EmbeddedChannel silent = connect();
    EmbeddedChannel half = connect();
    say(half, "PRI * HT".getBytes(US_ASCII));
    pass(silent, 9);
    pass(half, 9);
    assertThat(silent.isOpen()).isTrue();
    assertThat(half.isOpen()).isTrue();
    pass(silent, 1);
    pass(half, 1);
    assertThat(silent.isOpen()).isFalse();
    assertThat(half.isOpen()).isFalse();
  }

  @Test
  void inACrowdTheOldestSilentOneHasToGoAndWhoHasSpokenStays() {
    List<EmbeddedChannel> all = connect(ConnectionGuard.NEWCOMERS_CROWD);
    say(all.getFirst(), PREFACE);
    now += TimeUnit.SECONDS.toNanos(5);
    connect(2);
    assertThat(all.getFirst().isOpen()).isTrue();
    assertThat(all.get(1).isOpen()).isFalse();
    assertThat(all.get(2).isOpen()).isTrue();
  }

  @Test
  void silentOnesTakeNoPlaceFromThoseWhoSpeak() {
    connect(ConnectionGuard.NEWCOMERS_CROWD * 10);
    List<EmbeddedChannel> clients = connect(ConnectionGuard.CLIENTS_MAX);
    clients.forEach(client -> say(client, PREFACE));
    assertThat(clients).allMatch(EmbeddedChannel::isOpen);
    EmbeddedChannel oneTooMany = connect();
    say(oneTooMany, PREFACE);
    assertThat(oneTooMany.isOpen()).isFalse();
    var _ = clients.getFirst().close();
    EmbeddedChannel next = connect();
    say(next, PREFACE);
    assertThat(next.isOpen()).isTrue();
  }
}
