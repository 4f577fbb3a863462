package io.ashlar.seal;

/**
 * Whether it is worth trying to make the next block smaller. Data that does not shrink comes in
 * long stretches (what users have compressed or encrypted themselves), and finding out costs more
 * than a checksum by far.
 *
 * <p>The rule: every block is tried, until 16 in a row did not shrink. From then on every 8th is,
 * until one shrinks; then every block again. Only the blocks' order counts, across writes: no
 * clock, no dice.
 */
final class Hope {
  static final int VAIN_TRIES_MAX = 16;
  static final int TRY_ONE_OF = 8;

  private int vainTries;
  private int passedOver;

  /** Is asked once for each block, and told the result if it says yes. */
  boolean isThere() {
    if (vainTries < VAIN_TRIES_MAX) {
      return true;
    }
    passedOver = (passedOver + 1) % TRY_ONE_OF;
    return passedOver == 0;
  }

  void tried(boolean shrank) {
    vainTries = shrank ? 0 : Math.min(vainTries + 1, VAIN_TRIES_MAX);
  }
}
