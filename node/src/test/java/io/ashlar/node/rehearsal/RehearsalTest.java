package io.ashlar.node.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.env.Rng;
import io.ashlar.model.NodeId;
import io.ashlar.sys.BootClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole of it, in plain text: a recorded start that cannot rehearse makes a slow cache only.
 */
final class RehearsalTest {
  @TempDir Path folder;

  @Test
  void goesThroughAndLeavesNothing() throws Exception {
    Rehearsal.run(
        folder,
        new Rehearsal.Surroundings(
            new NodeId("node-1"), Optional.empty(), "boot", BootClock::nanos, rng(), 7));
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  private static Rng rng() {
    Random random = new Random(5);
    return new Rng() {
      @Override
      public long nextLong() {
        return random.nextLong();
      }

      @Override
      public int nextInt(int bound) {
        return random.nextInt(bound);
      }
    };
  }
}
