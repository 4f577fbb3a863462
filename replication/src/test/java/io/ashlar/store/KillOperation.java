package io.ashlar.store;

import io.ashlar.sim.SimRng;

/**
 * What a writer that will be killed does as its n-th operation, which whoever looks afterwards
 * derives again. The number is the version of all that it writes.
 */
record KillOperation(int first, int count, boolean isTrim, boolean isSync) {
  static final int BLOCKS = 3000;
  private static final int WRITE_MAX = 12;
  private static final int TRIM_MAX = 100;

  static KillOperation of(long seed, long number) {
    SimRng rng = new SimRng(seed).fork("operation " + number);
    boolean trim = rng.oneIn(20);
    int count = 1 + rng.nextInt(trim ? TRIM_MAX : WRITE_MAX);
    return new KillOperation(rng.nextInt(BLOCKS - count), count, trim, rng.oneIn(30));
  }

  boolean touches(int block) {
    return !isSync && block >= first && block < first + count;
  }
}
