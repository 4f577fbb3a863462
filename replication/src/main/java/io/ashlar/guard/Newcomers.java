package io.ashlar.guard;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Connections that have not proved yet that they mean something. They have {@link #PATIENCE_NANOS}
 * for it. In a crowd the oldest have to go sooner, so that silent clients do not keep those out who
 * speak at once; yet nobody can tell an honest client from the others before it has spoken, so
 * everybody has {@link #GRACE_NANOS}, until the crowd is many times as large. Whoever owns this
 * closes those that it names. Thread-safe.
 *
 * @param <C> a connection
 */
public final class Newcomers<C> {
  /** After this time without anything of use a connection is to be closed. */
  public static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** For what a busy machine may take between an honest client's connect and its first bytes. */
  static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** A crowd of this many times the usual size leaves nobody his grace. */
  static final int CROWD_FACTOR = 16;

  /** Why a connection has to go for others. */
  public static final String CROWDED_OUT = "too many connections that say nothing";

  /** Why a connection has to go when its time is over. */
  public static final String OVERDUE =
      "nothing of use was said for " + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s";

  private final int crowd;

  /** When each arrived, the oldest first. */
  private final Map<C, Long> arrived = new LinkedHashMap<>();

  /**
   * @param crowd from this many on the oldest have their grace only
   */
  public Newcomers(int crowd) {
    this.crowd = crowd;
  }

  /** A connection was accepted; says which others have to go for it. */
  public synchronized List<C> add(C connection, long nowNanos) {
    List<C> leaving = new ArrayList<>();
    Iterator<Map.Entry<C, Long>> oldest = arrived.entrySet().iterator();
    while (arrived.size() >= crowd) {
      Map.Entry<C, Long> next = oldest.next();
      boolean hadItsGrace = nowNanos - next.getValue() >= GRACE_NANOS;
      if (!hadItsGrace && arrived.size() < crowd * CROWD_FACTOR) {
        break;
      }
      leaving.add(next.getKey());
      oldest.remove();
    }
    arrived.put(connection, nowNanos);
    return leaving;
  }

  /** It has said something of value, or is gone. */
  public synchronized void remove(C connection) {
    arrived.remove(connection);
  }

  /** Takes out those whose time is over. */
  public synchronized List<C> takeOverdue(long nowNanos) {
    List<C> overdue = new ArrayList<>();
    Iterator<Map.Entry<C, Long>> oldest = arrived.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<C, Long> next = oldest.next();
      if (nowNanos - next.getValue() < PATIENCE_NANOS) {
        break;
      }
      overdue.add(next.getKey());
      oldest.remove();
    }
    return overdue;
  }

  public synchronized int count() {
    return arrived.size();
  }
}
