package io.ashlar.env;

/**
 * One end of an ordered, numbered connection between two daemons. Loop thread only. Messages of a
 * closed connection never arrive later.
 */
public interface Link<M> {
  /** Receives what happens on a link, on the loop thread, never inside a call to the link. */
  interface Handler<M> {
    void opened(Link<M> link);

    /** Takes the message over. */
    void received(Link<M> link, M message);

    /**
     * Called once; also when the link could not be opened. Not called after the own {@link #close}.
     */
    void closed(Link<M> link, String reason);
  }

  /** Takes the message over; messages arrive in order or the link closes. */
  void send(M message);

  /** Ends the link; nothing is received any more. */
  void close();
}
