package io.ashlar.protocol;

import io.ashlar.env.Link;
import io.ashlar.model.Blocks;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.store.ReplicaStore;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;

/**
 * A replica's end of one connection: who speaks, and how much space was promised to them on it.
 * Loop thread only. An answer to an ended session goes nowhere.
 */
public final class ReplicaSession {
  /**
   * Space promised ahead of use, in blocks: two of the largest requests in flight per credit
   * answer.
   */
  static final int CREDIT_WINDOW_BLOCKS = 2048;

  private static final int CREDIT_STEP_BLOCKS = 256;

  /** Smaller steps are not worth a message. */
  private static final int CREDIT_STEP_BLOCKS_MIN = 16;

  /**
   * Left for what asks for space at the moment it needs it, which is a resync: two extents. A
   * session that says nothing would keep it out of a small disk for ever.
   */
  private static final int NOT_PROMISED_BLOCKS = 2 * Blocks.EXTENT_BLOCKS;

  private final Link<Message> link;
  private final ReplicaStore store;

  /** The coordinator that said hello here; null on the connection of a resync target. */
  private final CoordinatorRef from;

  private long granted;
  private long used;
  private boolean ended;

  ReplicaSession(Link<Message> link, ReplicaStore store, CoordinatorRef from) {
    this.link = link;
    this.store = store;
    this.from = from;
  }

  CoordinatorRef from() {
    return from;
  }

  boolean ended() {
    return ended;
  }

  /** Takes the message over. */
  void send(Message message) {
    if (ended) {
      message.discard();
    } else {
      link.send(message);
    }
  }

  void done(long request, Outcome outcome, long detail) {
    send(new Done(request, outcome, granted, detail));
  }

  /** Tops the promised space up to the window, as far as the disk can. */
  void grant() {
    int step = CREDIT_STEP_BLOCKS;
    while (!ended && granted - used < CREDIT_WINDOW_BLOCKS && step >= CREDIT_STEP_BLOCKS_MIN) {
      if (store.reserve(step + NOT_PROMISED_BLOCKS)) {
        store.unreserve(NOT_PROMISED_BLOCKS);
        granted += step;
      } else {
        step /= 2;
      }
    }
  }

  /**
   * Uses up space for a write: first what was promised, else what can still be had. False if
   * neither.
   */
  boolean spend(int blocks) {
    if (granted - used >= blocks) {
      used += blocks;
      return true;
    }
    return store.reserve(blocks);
  }

  /** Gives back the space that was not used; the link is closed by the caller or gone already. */
  void end() {
    if (!ended) {
      ended = true;
      store.unreserve((int) (granted - used));
    }
  }

  void endAndClose() {
    end();
    link.close();
  }
}
