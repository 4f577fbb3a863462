package io.ashlar.sim;

import io.ashlar.env.Rng;

/**
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
 * Written out here so that a seed means the same on every JDK. Fork one per component: draws of one
 * component then never shift those of another.
 */
public final class SimRng implements Rng {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;
  private long state;

  public SimRng(long seed) {
    this.state = seed;
  }

  /** A generator of its own for the component of this name; depends on this one's seed only. */
  public SimRng fork(String component) {
    long mixed = state;
    for (int i = 0; i < component.length(); i++) {
      mixed = mix(mixed + GAMMA * (component.charAt(i) + 1));
    }
    return new SimRng(mixed);
  }

  @Override
  public long nextLong() {
    state += GAMMA;
    return mix(state);
  }

  @Override
  public int nextInt(int bound) {
    return (int) Long.remainderUnsigned(nextLong(), bound);
  }

  /** Uniform in {@code from} to {@code to}, both included. */
  public long between(long from, long to) {
    return from + Long.remainderUnsigned(nextLong(), to - from + 1);
  }

  /** True once in {@code oneIn} draws on average; never if that is 0. */
  public boolean oneIn(int oneIn) {
    return oneIn > 0 && nextInt(oneIn) == 0;
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }
}
