package io.ashlar.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A real server on a port, asked with bytes of the test's own. */
final class HttpEndpointTest {
  private final AtomicBoolean ready = new AtomicBoolean();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(HttpGuard.class);
  private HttpEndpoint endpoint;

  @BeforeEach
  void start() {
    endpoint =
        new HttpEndpoint(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), () -> "up 1\n", ready::get);
    lines.start();
    logger.addAppender(lines);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(lines);
    endpoint.close();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  /** Says something, and returns all that is answered until the connection is closed. */
  private String ask(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  private String get(String path) throws IOException {
    return ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }

  @Test
  void healthFollowsReadinessAndMetricsAreServed() throws IOException {
    assertThat(get("/healthz")).startsWith("HTTP/1.1 503").endsWith("starting\n");
    ready.set(true);
    assertThat(get("/healthz")).startsWith("HTTP/1.1 200").endsWith("ok\n");
    assertThat(get("/metrics")).startsWith("HTTP/1.1 200").endsWith("up 1\n");
    assertThat(lines.list).isEmpty();
  }

  @Test
  void whoIsRefusedIsNamedInTheLog() throws Exception {
    assertThat(get("/no-such\n\revent=forged")).startsWith("HTTP/1.1 505");
    assertThat(ask("GET /" + "a".repeat(1 << 20))).startsWith("HTTP/1.1 414");
    assertThat(get("/nowhere")).startsWith("HTTP/1.1 404");
    for (int i = 0; i < 100 && lines.list.size() < 3; i++) {
      Thread.sleep(50); // the line comes after the answer has left
    }
    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .allMatch(line -> line.matches("event=request_refused peer=[^ ]+ reason=\"status [45]..\""))
        .anyMatch(line -> line.endsWith("\"status 414\""))
        .anyMatch(line -> line.endsWith("\"status 404\""));
  }

  /** A byte now and then is no request; and a request does not earn the right to stay for ever. */
  @Test
  void whoBringsNoRequestIsSentAwayAfterTenSeconds() throws Exception {
    try (Socket silent = connect();
        Socket dripping = connect();
        Socket resting = connect()) {
      resting
          .getOutputStream()
          .write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
      long started = System.nanoTime();
      for (int i = 0; i < 8; i++) {
        dripping.getOutputStream().write('G');
        Thread.sleep(1_000);
      }
      assertThat(silent.getInputStream().readAllBytes()).isEmpty();
      assertThat(dripping.getInputStream().readAllBytes()).isEmpty();
      assertThat(new String(resting.getInputStream().readAllBytes(), US_ASCII)).endsWith("up 1\n");
      assertThat((System.nanoTime() - started) / 1_000_000_000L).isBetween(9L, 14L);
    }
    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .hasSize(2)
        .allMatch(line -> line.startsWith("event=connection_refused peer=/127.0.0.1:"))
        .allMatch(line -> line.endsWith("reason=\"nothing of use was said for 10 s\""));
  }
}
