package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.sim.SimRng;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Power losses at some hundred points; {@link StoreMain} tries as many as one likes. */
final class CrashPointTest {
  static LongStream seeds() {
    return LongStream.rangeClosed(1, 6);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyCrashPointRecovers(long seed) {
    CrashWorkload.crash(seed, 80);
  }

  /** Each kind of workload does what it is there for. */
  @Test
  void disksAreCollectedAndCheckpointed() {
    for (long seed = 1; seed <= 3; seed++) {
      CrashWorkload workload = new CrashWorkload(seed);
      workload.run();
      assertThat(workload.counters().checkpoints()).as("by %s", workload.kind()).isPositive();
      if (workload.kind() == CrashWorkload.Kind.FULL) {
        assertThat(workload.counters().collectedBlocks()).isGreaterThan(100);
      }
    }
  }

  @Test
  void sameSeedGivesTheSameDisk() {
    CrashWorkload first = new CrashWorkload(9);
    CrashWorkload second = new CrashWorkload(9);
    first.run();
    second.run();
    int points = first.journal().size();
    assertThat(points).isEqualTo(second.journal().size());
    byte[] one = new byte[(int) first.medium().sizeBytes()];
    byte[] other = one.clone();
    first.journal().powerLossAt(points / 2, new SimRng(3)).read(0, one);
    second.journal().powerLossAt(points / 2, new SimRng(3)).read(0, other);
    assertThat(Arrays.equals(one, other)).isTrue();
  }
}
