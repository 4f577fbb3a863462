package io.ashlar.controller;

import io.ashlar.env.Rng;
import java.security.SecureRandom;

/** Identities come from here: they must not meet again in another process. */
final class SecureRng implements Rng {
  private final SecureRandom random = new SecureRandom();

  @Override
  public long nextLong() {
    return random.nextLong();
  }

  @Override
  public int nextInt(int bound) {
    return random.nextInt(bound);
  }
}
