package io.ashlar.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The production machines, runtime, codec and store under simulated faults. A small count here;
 * {@code deploy/dev/verify} runs thousands. {@code -Dsim.seeds=N} runs more.
 */
final class SimulationTest {
  /** Seeds that failed once, each for a bug that was mended. */
  @ParameterizedTest
  @ValueSource(longs = {40, 52, 541, 704, 1345})
  void seedsThatFailedOncePass(long seed) {
    SimSummary summary = new SimCluster(seed, false).run();
    assertThat(summary.writes).isPositive();
  }

  @Test
  void acknowledgedWritesSurviveEveryFault() {
    long count = Long.getLong("sim.seeds", 60);
    SimSummary all = new SimSummary();
    for (long seed = 1; seed <= count; seed++) {
      all.add(new SimCluster(seed, false).run());
    }
    System.Logger log = System.getLogger("simulation");
    log.log(System.Logger.Level.INFO, all.toString());
    assertThat(List.of(all.crashes, all.powerLosses, all.partitions, all.removals, all.failovers))
        .allMatch(happened -> happened > 0);
    assertThat(List.of(all.joins, all.readsOverlappingWrites, all.uncertainSwaps))
        .allMatch(happened -> happened > 0);
    assertThat(List.of(all.bitRot, all.unreadable, all.repaired, all.noSpace))
        .allMatch(happened -> happened > 0);
    assertThat(
            List.of(
                all.reconnects,
                all.resent,
                all.partialWrites,
                all.powerCuts,
                all.darkInUse,
                all.rottenEnds,
                all.rottenAcross))
        .allMatch(happened -> happened > 0);
  }

  @Test
  void aSeedRunTwiceHasOneTrace() {
    SimCluster first = new SimCluster(7, true);
    first.run();
    SimCluster second = new SimCluster(7, true);
    second.run();
    assertThat(second.trace()).isEqualTo(first.trace());
  }

  @Test
  void aSeedMeansTheSameInAnotherJvm() throws IOException, InterruptedException {
    SimCluster here = new SimCluster(11, false);
    here.run();
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java,
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "io.ashlar.sim.SimMain",
                "11",
                "1")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.PIPE)
            .directory(new File("."))
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output).contains(String.format("fingerprint %016x", here.fingerprint()));
  }
}
