package io.ashlar.sim;

/**
 * Runs seeds: {@code SimMain FIRST COUNT [trace]}. Ends with 1 at the first seed that fails, after
 * printing it. With {@code trace} prints what happened in each run.
 */
public final class SimMain {
  private SimMain() {}

  public static void main(String[] args) {
    long first = Long.parseLong(args[0]);
    long count = Long.parseLong(args[1]);
    boolean verbose = args.length > 2 && args[2].equals("trace");
    SimSummary all = new SimSummary();
    long startedAt = System.nanoTime();
    for (long seed = first; seed < first + count; seed++) {
      SimCluster cluster = new SimCluster(seed, verbose);
      try {
        all.add(cluster.run());
      } catch (SimFailure e) {
        System.out.println(cluster.trace());
        System.out.println("FAILED after " + (seed - first + 1) + " seeds: " + e.getMessage());
        if (verbose) {
          e.printStackTrace(System.out);
        }
        System.exit(1);
      }
      if (count <= 3) {
        System.out.printf("seed %d fingerprint %016x%n", seed, cluster.fingerprint());
      }
    }
    double seconds = (System.nanoTime() - startedAt) / 1e9;
    System.out.println(all);
    System.out.printf(
        "passed %d seeds, %.1f seeds/s, %.2f simulated hours per minute%n",
        count, count / seconds, all.virtualNanos / 3.6e12 / seconds * 60);
  }
}
