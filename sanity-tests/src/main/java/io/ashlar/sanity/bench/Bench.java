package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.sanity.cluster.Commands;
import io.ashlar.sanity.cluster.CpuTime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures every workload on every target, round by round, and prints the medians. */
final class Bench {
  private static final long FILL_SECONDS = 300;
  private static final long SPARE_SECONDS = 60;
  private static final int MEBIBYTE = 1 << 20;

  private final List<Target> targets;
  private final long sizeBytes;
  private final ObjectMapper json = new ObjectMapper();

  /** The first target is what the others are compared with. */
  Bench(List<Target> targets, long sizeBytes) {
    this.targets = targets;
    this.sizeBytes = sizeBytes;
  }

  /** Writes every block of every target, so that none is measured on holes. */
  void fill() throws IOException, InterruptedException {
    for (Target target : targets) {
      List<String> command = new ArrayList<>(target.prefix());
      command.addAll(List.of("fio", "--name=fill", "--direct=1"));
      command.addAll(target.engine());
      command.addAll(
          List.of("--rw=write", "--bs=1m", "--iodepth=4", "--size=" + sizeBytes, "--end_fsync=1"));
      var _ = Commands.run(FILL_SECONDS, command);
    }
  }

  void run(int rounds, int seconds) throws IOException, InterruptedException {
    for (Workload workload : Workload.values()) {
      Map<Target, List<Sample>> samples = new LinkedHashMap<>();
      for (int round = 0; round < rounds; round++) {
        for (Target target : targets) {
          samples
              .computeIfAbsent(target, it -> new ArrayList<>())
              .add(measure(workload, target, seconds));
        }
      }
      say(
          line(
              "%s, median of %d x %d s: speed, ratio to the first, latency p50 / p99 / p99.9 us,"
                  + " CPU us/op",
              workload.title(), rounds, seconds));
      double first = Sample.median(samples.get(targets.getFirst())).operations();
      samples.forEach(
          (target, all) -> say(row(workload, target.name(), Sample.median(all), first)));
    }
  }

  private Sample measure(Workload workload, Target target, int seconds)
      throws IOException, InterruptedException {
    double before = CpuTime.secondsOf(target.servers());
    String output =
        Commands.run(seconds + SPARE_SECONDS, workload.command(target, sizeBytes, seconds));
    double cpu = CpuTime.secondsOf(target.servers()) - before;
    JsonNode jobs = json.readTree(output.substring(output.indexOf('{'))).path("jobs");
    return Sample.of(jobs.path(0), workload, cpu);
  }

  private static String row(Workload workload, String name, Sample median, double first) {
    double speed = median.operations();
    String figure =
        workload.blockBytes() < MEBIBYTE
            ? line("%7.0f IOPS ", speed)
            : line("%7.0f MiB/s", speed * workload.blockBytes() / MEBIBYTE);
    return line(
        "  %-26s %s %6.2f %8.0f %8.0f %8.0f %8.1f",
        name,
        figure,
        speed / first,
        median.p50Micros(),
        median.p99Micros(),
        median.p999Micros(),
        median.cpuMicros());
  }
}
