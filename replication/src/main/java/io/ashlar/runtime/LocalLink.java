package io.ashlar.runtime;

import io.ashlar.env.Link;
import io.ashlar.env.Timers;

/**
 * A link between a coordinator and the replica on its own node: two ends on one loop, messages
 * handed over as they are, in order, never inside the sender's call. Loop thread only.
 */
final class LocalLink<M> implements Link<M> {
  private final Timers timers;
  private LocalLink<M> peer;
  private Handler<M> handler;
  private boolean closed;

  private LocalLink(Timers timers) {
    this.timers = timers;
  }

  /** Connects two handlers; both hear {@code opened} soon. */
  static <M> void connect(Timers timers, Handler<M> caller, Handler<M> callee) {
    LocalLink<M> near = new LocalLink<>(timers);
    LocalLink<M> far = new LocalLink<>(timers);
    near.peer = far;
    far.peer = near;
    near.handler = caller;
    far.handler = callee;
    timers.after(
        0,
        () -> {
          callee.opened(far);
          caller.opened(near);
        });
  }

  @Override
  public void send(M message) {
    timers.after(0, () -> peer.deliver(message));
  }

  private void deliver(M message) {
    if (closed) {
      discard(message);
    } else {
      handler.received(this, message);
    }
  }

  private static void discard(Object message) {
    if (message instanceof io.ashlar.wire.Message ours) {
      ours.discard();
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      timers.after(0, () -> peer.closedByPeer());
    }
  }

  private void closedByPeer() {
    if (!closed) {
      closed = true;
      handler.closed(this, "closed by the other side");
    }
  }
}
