package io.ashlar.model;

import static io.ashlar.model.Invariants.check;

/**
 * The version of a block: epoch in the upper 24 bits, sequence in the lower 40, kept as a plain
 * {@code long} because there is one per block. Epochs stay below {@link #EPOCH_MAX}, so versions
 * are positive and compare as signed numbers. {@link #NONE} is the version of what was never
 * written.
 */
public final class Version {
  public static final long NONE = 0;
  public static final int SEQUENCE_BITS = 40;

  /** A coordinator that comes this far opens anew with a fresh sequence. */
  public static final long SEQUENCE_MAX = 1L << (SEQUENCE_BITS - 1);

  /** Half of the 24-bit space: reaching it is an alarm, not a wrap-around. */
  public static final int EPOCH_MAX = 1 << 23;

  private Version() {}

  public static long of(int epoch, long sequence) {
    check(epoch >= 0 && epoch < EPOCH_MAX, "epoch %s is out of range", epoch);
    check(sequence >= 0 && sequence < 1L << SEQUENCE_BITS, "sequence %s is out of range", sequence);
    return ((long) epoch << SEQUENCE_BITS) | sequence;
  }

  public static int epoch(long version) {
    return (int) (version >>> SEQUENCE_BITS);
  }

  public static long sequence(long version) {
    return version & ((1L << SEQUENCE_BITS) - 1);
  }

  /** For logs and messages: {@code 7.1234}. */
  public static String text(long version) {
    return epoch(version) + "." + sequence(version);
  }
}
