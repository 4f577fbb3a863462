package io.ashlar.sanity.badinput;

import java.io.IOException;
import java.util.SplittableRandom;

/**
 * One kind of bad input for one socket.
 *
 * @param name for the report
 */
record Attack(String name, Body body) {
  /** What is done; blocks. */
  interface Body {
    /**
     * Sends the bad input and looks at what the server makes of it.
     *
     * @throws Unexpected if the server does not do what it should
     * @throws IOException if the connection breaks, which the server may do at any time
     */
    void run(SplittableRandom random) throws IOException, Unexpected;
  }

  /** The server did something else than it should. */
  static final class Unexpected extends Exception {
    private static final long serialVersionUID = 1;

    Unexpected(String message) {
      super(message);
    }
  }

  /** Part of an attack. */
  interface Conversation {
    void hold() throws IOException;
  }

  /** Holds a conversation that the other side may end at any time; says whether it did. */
  static boolean sentAway(Conversation conversation) {
    try {
      conversation.hold();
      return false;
    } catch (IOException ended) {
      return true;
    }
  }

  static void expect(boolean holds, String problem) throws Unexpected {
    if (!holds) {
      throw new Unexpected(problem);
    }
  }
}
