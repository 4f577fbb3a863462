package io.ashlar.store;

import java.util.concurrent.TimeUnit;

/**
 * Runs the tests of the store for as long as one likes: {@code crashes FIRST WORKLOADS POINTS} or
 * {@code shadow FIRST SECONDS}. A failure names its seed.
 */
public final class StoreMain {
  private StoreMain() {}

  public static void main(String[] args) {
    long first = Long.parseLong(args[1]);
    switch (args[0]) {
      case "crashes" -> crashes(first, Long.parseLong(args[2]), Integer.parseInt(args[3]));
      case "shadow" -> shadow(first, Long.parseLong(args[2]));
      default -> throw new IllegalArgumentException("no test is called " + args[0]);
    }
  }

  private static void crashes(long first, long workloads, int points) {
    for (long seed = first; seed < first + workloads; seed++) {
      long mine = seed;
      System.out.println(failing("workload", seed, () -> CrashWorkload.crash(mine, points)));
    }
  }

  private static void shadow(long first, long seconds) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    long seed = first;
    long operations = 0;
    while (System.nanoTime() < end) {
      long mine = seed++;
      boolean isLong = mine % 50 == 0;
      operations +=
          failing("seed", mine, () -> ShadowRun.run(mine, isLong ? 40 : 5, isLong ? 400 : 120));
    }
    System.out.printf(
        "shadow model: seeds %d to %d, %d operations, no difference%n",
        first, seed - 1, operations);
  }

  private interface Test<T> {
    T run();
  }

  private static <T> T failing(String what, long seed, Test<T> test) {
    try {
      return test.run();
    } catch (RuntimeException | AssertionError found) {
      System.out.println("FAILED: " + what + " " + seed);
      throw found;
    }
  }
}
