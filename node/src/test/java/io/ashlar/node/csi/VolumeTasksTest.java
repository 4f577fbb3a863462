package io.ashlar.node.csi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who repeats a request joins what runs, and nothing else. */
final class VolumeTasksTest {
  private static final int REPEATS = 3_000;

  @Test
  void oneThatHasEndedIsNotJoined() throws IOException {
    AtomicInteger runs = new AtomicInteger();
    try (VolumeTasks tasks = new VolumeTasks(Duration.ofSeconds(10))) {
      for (int i = 1; i <= REPEATS; i++) {
        int answer = tasks.run("vol-1", "the same", Integer.class, runs::incrementAndGet);
        assertThat(answer).isEqualTo(i);
      }
    }
  }
}
