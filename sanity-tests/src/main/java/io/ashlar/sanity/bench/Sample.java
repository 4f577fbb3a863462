package io.ashlar.sanity.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One measurement.
 *
 * @param operations a second
 * @param cpuMicros CPU time of fio and of the target's servers, per operation; work that the kernel
 *     does in threads of its own is not in it
 * @param p50Micros of the latency from submission to completion, as are the others
 */
record Sample(
    double operations, double cpuMicros, double p50Micros, double p99Micros, double p999Micros) {

  /**
   * @param job of fio's JSON output
   * @param serverSeconds CPU time that the target's servers took
   * @throws IOException if nothing was done, or not all of it
   */
  static Sample of(JsonNode job, Workload workload, double serverSeconds) throws IOException {
    JsonNode side = job.path(workload.isRead() ? "read" : "write");
    long operations = side.path("total_ios").asLong();
    if (operations == 0 || job.path("error").asInt() != 0) {
      throw new IOException("fio did nothing, or failed: " + job);
    }
    double share = (job.path("usr_cpu").asDouble() + job.path("sys_cpu").asDouble()) / 100;
    double fioSeconds = share * job.path("job_runtime").asDouble() / 1000;
    JsonNode latencies = side.path("clat_ns").path("percentile");
    return new Sample(
        side.path("iops").asDouble(),
        (serverSeconds + fioSeconds) * 1e6 / operations,
        latencies.path("50.000000").asDouble() / 1000,
        latencies.path("99.000000").asDouble() / 1000,
        latencies.path("99.900000").asDouble() / 1000);
  }

  /** The medians, each for itself. */
  static Sample median(List<Sample> samples) {
    return new Sample(
        middle(samples, Sample::operations),
        middle(samples, Sample::cpuMicros),
        middle(samples, Sample::p50Micros),
        middle(samples, Sample::p99Micros),
        middle(samples, Sample::p999Micros));
  }

  private static double middle(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    double[] sorted = samples.stream().mapToDouble(figure).sorted().toArray();
    return sorted[sorted.length / 2];
  }
}
