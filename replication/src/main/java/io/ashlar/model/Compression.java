package io.ashlar.model;

import java.util.Locale;
import java.util.Optional;

/** Whether a volume's blocks are made smaller before they are stored, and how. */
public enum Compression {
  NONE,
  LZ4,
  ZSTD;

  /** As users write it: none, lz4 or zstd. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Empty if users do not write any of these so. */
  public static Optional<Compression> of(String text) {
    for (Compression one : values()) {
      if (one.text().equals(text)) {
        return Optional.of(one);
      }
    }
    return Optional.empty();
  }
}
