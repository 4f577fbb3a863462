package io.ashlar.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class BootClockTest {
  /** Its first field counts from boot, suspended time included, in seconds (proc_uptime(5)). */
  private static long uptimeMillis() throws IOException {
    String seconds = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
    return (long) (Double.parseDouble(seconds) * 1_000);
  }

  @Test
  void itTellsTheTimeSinceBoot() throws Exception {
    long before = uptimeMillis();
    long now = BootClock.nanos() / 1_000_000;
    long after = uptimeMillis();
    // uptime is cut to hundredths of a second
    assertThat(now).isBetween(before - 1, after + 11);
  }

  @Test
  void threadsAgree() throws Exception {
    long before = BootClock.nanos();
    long other = CompletableFuture.supplyAsync(BootClock::nanos).get();
    assertThat(BootClock.nanos()).isGreaterThanOrEqualTo(other);
    assertThat(other).isGreaterThan(before);
  }
}
