package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.expect;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a server may take until it has closed a connection: for each reason what the server's
 * own code promises, and a margin for a machine on which the attackers take most of the time, still
 * short of the next longer promise. The longest that was seen is kept for the report. Thread-safe.
 */
enum Deadlines {
  /** It has seen a byte that cannot be, and closes at once; far less than any idle time. */
  AT_ONCE(0),

  /** {@code guard.Newcomers}: 10 s to say something of use, looked at every second. */
  NEWCOMER(11),

  /** {@code net.NettyTransport}: 10 s to complete a frame, looked at every 2 s. */
  HALF_FRAME(12),

  /** {@code nbd.NbdConnection}: 15 s to go on with a request, looked at every 5 s. */
  HALF_REQUEST(20);

  private static final int MARGIN_SECONDS = 8;
  private static final Map<String, Double> longest = new TreeMap<>();

  private final int promisedSeconds;

  Deadlines(int promisedSeconds) {
    this.promisedSeconds = promisedSeconds;
  }

  /** Waits for the end of a connection. */
  void closes(Connection connection, String otherwise) throws IOException, Attack.Unexpected {
    closes(List.of(connection), otherwise);
  }

  /** Waits for the end of all of them, counted from now. */
  void closes(List<Connection> connections, String otherwise)
      throws IOException, Attack.Unexpected {
    closes(connections, 0, otherwise);
  }

  /** Waits for the end of all of them, some of whose time has passed already. */
  void closes(List<Connection> connections, double passedSeconds, String otherwise)
      throws IOException, Attack.Unexpected {
    long started = System.nanoTime() - (long) (passedSeconds * 1e9);
    double allowed = promisedSeconds + MARGIN_SECONDS;
    int left = 0;
    for (Connection connection : connections) {
      left += connection.isClosedWithin(allowed - secondsSince(started)) ? 0 : 1;
    }
    double took = secondsSince(started);
    synchronized (longest) {
      longest.merge(name(), took, Math::max);
    }
    expect(left == 0, left + " open after " + allowed + " s: " + otherwise);
  }

  static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  /** For the report. */
  static String longest() {
    synchronized (longest) {
      StringBuilder text = new StringBuilder();
      for (Deadlines each : values()) {
        text.append(
            "%s%s %.2f s of %d + %d"
                .formatted(
                    text.isEmpty() ? "" : ", ",
                    each,
                    longest.getOrDefault(each.name(), 0.0),
                    each.promisedSeconds,
                    MARGIN_SECONDS));
      }
      return text.toString();
    }
  }
}
