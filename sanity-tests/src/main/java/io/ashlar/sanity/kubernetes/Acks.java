package io.ashlar.sanity.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What writers (lib/writer.c) noted as acknowledged, on all nodes together, in the order of time.
 */
record Acks(List<Ack> all) {
  private static final int SLOTS = 1024;

  /**
   * @param atMillis since 1970, on the clock that all nodes share
   */
  record Ack(long number, long atMillis) {}

  static Acks read(List<Path> files) throws IOException {
    List<Ack> all = new ArrayList<>();
    for (Path file : files) {
      if (Files.exists(file)) {
        for (String line : Files.readString(file).split("\n")) {
          String[] words = line.split(" ");
          if (words.length == 2) { // the last line may be half written
            all.add(new Ack(Long.parseLong(words[0]), Long.parseLong(words[1])));
          }
        }
      }
    }
    all.sort(java.util.Comparator.comparingLong(Ack::atMillis));
    return new Acks(List.copyOf(all));
  }

  long count() {
    return all.size();
  }

  long lastMillis() {
    return all.isEmpty() ? 0 : all.getLast().atMillis();
  }

  /** Longest time without an acknowledgement that ended after this moment, in seconds. */
  double longestGapSince(long millis) {
    long longest = 0;
    long before = millis;
    for (Ack ack : all) {
      if (ack.atMillis() > millis) {
        longest = Math.max(longest, ack.atMillis() - before);
        before = ack.atMillis();
      }
    }
    return longest / 1e3;
  }

  /**
   * Compares with what is on the volume, which was read later.
   *
   * @return acknowledged records that are missing
   */
  long missingFrom(List<Long> found) {
    Map<Long, Long> bySlot = new HashMap<>();
    found.forEach(number -> bySlot.put(number % SLOTS, number));
    Map<Long, Long> newest = new HashMap<>();
    all.forEach(ack -> newest.merge(ack.number() % SLOTS, ack.number(), Math::max));
    return newest.entrySet().stream()
        .filter(slot -> bySlot.getOrDefault(slot.getKey(), 0L) < slot.getValue())
        .count();
  }
}
