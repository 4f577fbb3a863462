package io.ashlar.model;

/**
 * The two ways of saying no: {@code check} for our own bugs, {@code require} for a caller's bad
 * value.
 */
public final class Invariants {
  private Invariants() {}

  /**
   * States what the surrounding code relies on.
   *
   * @throws IllegalStateException if it does not hold: a bug of ours, which ends the volume's loop
   */
  public static void check(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new IllegalStateException(String.format(message, arguments));
    }
  }

  /**
   * Refuses a value that came from outside.
   *
   * @throws IllegalArgumentException with a text that an operator can act on
   */
  public static void require(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new IllegalArgumentException(String.format(message, arguments));
    }
  }
}
