package io.ashlar.env;

/**
 * Randomness; a simulation forks one per component so that their draws do not disturb each other.
 */
public interface Rng {
  long nextLong();

  /** Uniform in 0 to {@code bound} - 1. */
  int nextInt(int bound);
}
