package io.ashlar.node;

import io.ashlar.env.Clock;
import io.ashlar.env.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/** What the machine is to us: its boot, its clock, its randomness. */
final class Host {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private Host() {}

  /** Random per boot (random(4)); it changes exactly when unsynced writes may be lost. */
  static String bootId() throws IOException {
    return Files.readString(BOOT_ID).strip();
  }

  /** CLOCK_BOOTTIME: goes on while the machine sleeps, unlike System.nanoTime. */
  static Clock clock() {
    return io.ashlar.sys.BootClock::nanos;
  }

  static Rng rng() {
    SecureRandom random = new SecureRandom();
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
