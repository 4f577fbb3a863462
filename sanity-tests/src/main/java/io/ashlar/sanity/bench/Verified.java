package io.ashlar.sanity.bench;

import java.util.List;

/** How fio writes what it can verify later, whatever wrote a block last. */
final class Verified {
  /** Each block holds its own offset all over: no seeds that a later write would change. */
  static final List<String> OPTIONS =
      List.of(
          "--verify=pattern", "--verify_pattern=%o", "--verify_fatal=1", "--verify_state_save=0");

  private Verified() {}
}
