package io.ashlar.sanity.badinput;

import java.io.IOException;
import java.util.List;

/** A socket that is attacked: how to hurt it, and how to see that it still serves others. */
interface Victim {
  String name();

  List<Attack> attacks();

  /**
   * Does something ordinary.
   *
   * @throws IOException if that does not work, or takes too long
   */
  void probe() throws IOException;
}
