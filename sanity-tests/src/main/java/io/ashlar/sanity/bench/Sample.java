package io.ashlar.sanity.bench;

import java.util.Comparator;
import java.util.List;

/**
 * One measurement.
 *
 * @param operations a second
 * @param cpuMicros CPU time that all our processes took, per operation; of the raw file: none
 */
record Sample(double operations, double cpuMicros) {
  /** The medians of both, each for itself. */
  static Sample median(List<Sample> samples) {
    return new Sample(
        middle(samples.stream().map(Sample::operations).toList()),
        middle(samples.stream().map(Sample::cpuMicros).toList()));
  }

  private static double middle(List<Double> values) {
    List<Double> sorted = values.stream().sorted(Comparator.naturalOrder()).toList();
    return sorted.get(sorted.size() / 2);
  }
}
