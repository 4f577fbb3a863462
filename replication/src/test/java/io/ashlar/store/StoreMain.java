package io.ashlar.store;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Runs the tests of the store for as long as one likes: {@code crashes FIRST WORKLOADS POINTS},
 * {@code shadow FIRST SECONDS}, {@code damage FIRST COUNT}, {@code pools FIRST COUNT}, {@code kills
 * SEED ROUNDS}, or {@code hunt SEEDS}, which does some of everything on a simulated disk and says
 * after how many seeds it found something. A failure names its seed.
 */
public final class StoreMain {
  private StoreMain() {}

  public static void main(String[] args) throws Exception {
    long first = Long.parseLong(args[1]);
    switch (args[0]) {
      case "hunt" -> hunt(1, first, StoreMain::one);
      case "hunt-pools" -> hunt(first, Long.parseLong(args[2]), seed -> PoolRun.run(seed, 25));
      case "damage" -> damage(first, Long.parseLong(args[2]));
      case "crashes" -> crashes(first, Long.parseLong(args[2]), Integer.parseInt(args[3]));
      case "shadow" -> shadow(first, Long.parseLong(args[2]));
      case "pools" -> pools(first, Long.parseLong(args[2]));
      case "kills" -> kills(first, Integer.parseInt(args[2]));
      case "writer" -> KillWriter.run(Path.of(args[2]), first, Long.parseLong(args[3]));
      default -> throw new IllegalArgumentException("no test is called " + args[0]);
    }
  }

  private static void crashes(long first, long workloads, int points) {
    long tried = 0;
    long checkpoints = 0;
    long moved = 0;
    for (long seed = first; seed < first + workloads; seed++) {
      long mine = seed;
      CrashWorkload.Outcome outcome =
          failing("workload", seed, () -> CrashWorkload.crash(mine, points));
      tried += outcome.points();
      checkpoints += outcome.checkpoints();
      moved += outcome.blocksMoved();
    }
    System.out.printf(
        "power losses: %d points of %d workloads, in which were %d checkpoints and %d blocks moved;"
            + " no violation%n",
        tried, workloads, checkpoints, moved);
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

  private static void damage(long first, long count) {
    for (long seed = first; seed < first + count; seed++) {
      long mine = seed;
      failing(
          "seed",
          seed,
          () -> {
            DamageRun.run(mine);
            return mine;
          });
    }
    System.out.printf("damage: %d disks, all of it found, nothing wrong was read%n", count);
  }

  private static void pools(long first, long count) {
    PoolRun.Outcome all = new PoolRun.Outcome(0, 0, 0, 0, 0, 0, 0, 0);
    for (long seed = first; seed < first + count; seed++) {
      long mine = seed;
      all = all.plus(failing("seed", seed, () -> PoolRun.run(mine, 25)));
    }
    System.out.printf(
        "pools of disks: seeds %d to %d, %s, nothing lost%n", first, first + count - 1, all);
  }

  private static void kills(long seed, int rounds) throws Exception {
    long answered = KillRun.run(seed, rounds);
    System.out.printf(
        "kill -9 on a real file: seed %d, %d rounds, %d operations answered, none lost%n",
        seed, rounds, answered);
    System.exit(0); // loops of Netty may still be there
  }

  private static void one(long seed) {
    CrashWorkload.crash(seed, 20);
    ShadowRun.run(seed, 5, 120);
    DamageRun.run(seed);
  }

  /** Exit code 1 if something is found. */
  private static void hunt(long first, long seeds, LongConsumer test) {
    for (long seed = first; seed < first + seeds; seed++) {
      try {
        test.accept(seed);
      } catch (RuntimeException | AssertionError found) {
        String what = String.valueOf(found.getMessage()).strip().replaceAll("\\s+", " ");
        System.out.printf(
            "FAILED after %d seeds: seed %d at 0 ns: %s%n", seed - first + 1, seed, what);
        System.exit(1);
      }
    }
    System.out.printf("nothing found within %d seeds%n", seeds);
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
