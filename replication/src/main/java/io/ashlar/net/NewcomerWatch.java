package io.ashlar.net;

import io.ashlar.guard.Newcomers;
import io.netty.channel.Channel;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Sends away those {@link Newcomers} of a loop whose time is over. Loop thread only. */
public final class NewcomerWatch {
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final DataLoop loop;
  private final Newcomers<Channel> newcomers;
  private final BiConsumer<Channel, String> sendAway;
  private boolean looking;

  /**
   * @param crowd as of {@link Newcomers}
   * @param sendAway closes a connection; told why
   */
  public NewcomerWatch(DataLoop loop, int crowd, BiConsumer<Channel, String> sendAway) {
    this.loop = loop;
    this.newcomers = new Newcomers<>(crowd);
    this.sendAway = sendAway;
  }

  /** A connection was accepted. */
  public void add(Channel channel) {
    newcomers
        .add(channel, System.nanoTime())
        .forEach(leaving -> sendAway.accept(leaving, Newcomers.CROWDED_OUT));
    lookLater();
  }

  /** It has said something of value, or is gone. */
  public void remove(Channel channel) {
    newcomers.remove(channel);
  }

  private void lookLater() {
    if (!looking && newcomers.count() > 0) {
      looking = true;
      loop.after(LOOK_NANOS, this::look);
    }
  }

  private void look() {
    looking = false;
    newcomers
        .takeOverdue(System.nanoTime())
        .forEach(overdue -> sendAway.accept(overdue, Newcomers.OVERDUE));
    lookLater();
  }
}
