package io.ashlar.net;

import io.netty.channel.Channel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * Connections that have not proved yet that they mean something. They get a bounded time, and there
 * is a bounded number of them: when one more comes, the oldest has to go, so that a flood of silent
 * clients does not keep those out who speak at once. Loop thread only.
 */
public final class Newcomers {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final DataLoop loop;
  private final int countMax;
  private final BiConsumer<Channel, String> sendAway;

  /** When each arrived, the oldest first. */
  private final Map<Channel, Long> arrived = new LinkedHashMap<>();

  private boolean looking;

  /**
   * @param sendAway closes a connection; told why
   */
  public Newcomers(DataLoop loop, int countMax, BiConsumer<Channel, String> sendAway) {
    this.loop = loop;
    this.countMax = countMax;
    this.sendAway = sendAway;
  }

  /** A connection was accepted. */
  public void add(Channel channel) {
    if (arrived.size() >= countMax) {
      dismiss(arrived.keySet().iterator().next(), "too many connections that say nothing");
    }
    arrived.put(channel, System.nanoTime());
    if (!looking) {
      looking = true;
      loop.after(LOOK_NANOS, this::look);
    }
  }

  /** It has said something of value, or is gone. */
  public void remove(Channel channel) {
    arrived.remove(channel);
  }

  private void dismiss(Channel channel, String reason) {
    arrived.remove(channel);
    sendAway.accept(channel, reason);
  }

  private void look() {
    looking = false;
    long now = System.nanoTime();
    while (!arrived.isEmpty()) {
      Map.Entry<Channel, Long> oldest = arrived.entrySet().iterator().next();
      if (now - oldest.getValue() < PATIENCE_NANOS) {
        looking = true;
        loop.after(LOOK_NANOS, this::look);
        return;
      }
      dismiss(oldest.getKey(), "nothing of use was said for 10 s");
    }
  }
}
