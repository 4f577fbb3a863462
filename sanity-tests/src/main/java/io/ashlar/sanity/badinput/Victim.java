package io.ashlar.sanity.badinput;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A socket that is attacked: how to hurt it, and how to see that it still serves others. */
interface Victim {
  String name();

  List<Attack> attacks();

  /** Opens a connection that says nothing; empty where silence is not bounded in time. */
  default Optional<Connection> silent() throws IOException {
    return Optional.empty();
  }

  /**
   * Does something ordinary.
   *
   * @throws IOException if that does not work, or takes too long
   */
  void probe() throws IOException;
}
