package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.sanity.cluster.Commands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Measures every workload on every target, round by round, and prints the medians. */
final class Bench {
  private static final long FILL_SECONDS = 300;
  private static final long SPARE_SECONDS = 60;

  private final List<Target> targets;
  private final List<Long> ourProcesses;
  private final long sizeBytes;
  private final ObjectMapper json = new ObjectMapper();

  /** The first target is what the others are compared with, and costs our processes nothing. */
  Bench(List<Target> targets, List<Long> ourProcesses, long sizeBytes) {
    this.targets = targets;
    this.ourProcesses = ourProcesses;
    this.sizeBytes = sizeBytes;
  }

  /** Writes every block of every target, so that none is measured on holes. */
  void fill() throws IOException, InterruptedException {
    for (Target target : targets) {
      List<String> command = new ArrayList<>(List.of("fio", "--name=fill", "--direct=1"));
      command.addAll(target.engine());
      command.addAll(
          List.of("--rw=write", "--bs=1m", "--iodepth=4", "--size=" + sizeBytes, "--end_fsync=1"));
      var _ = Commands.run(FILL_SECONDS, command);
    }
  }

  void run(int rounds, int seconds) throws IOException, InterruptedException {
    say(
        line(
            "%-28s %14s %14s %7s %10s %14s %7s %10s",
            "median of " + rounds + " x " + seconds + " s",
            targets.get(0).name(),
            targets.get(1).name(),
            "ratio",
            "CPU us/op",
            targets.get(2).name(),
            "ratio",
            "CPU us/op"));
    for (Workload workload : Workload.values()) {
      Map<Target, List<Sample>> samples = new HashMap<>();
      for (int round = 0; round < rounds; round++) {
        for (Target target : targets) {
          samples
              .computeIfAbsent(target, it -> new ArrayList<>())
              .add(measure(workload, target, seconds));
        }
      }
      print(workload, targets.stream().map(it -> Sample.median(samples.get(it))).toList());
    }
  }

  private Sample measure(Workload workload, Target target, int seconds)
      throws IOException, InterruptedException {
    double before = CpuTime.secondsOf(ourProcesses);
    String output =
        Commands.run(seconds + SPARE_SECONDS, workload.command(target, sizeBytes, seconds));
    double cpu = CpuTime.secondsOf(ourProcesses) - before;
    JsonNode job = json.readTree(output.substring(output.indexOf('{'))).path("jobs").path(0);
    JsonNode side = job.path(workload.isRead() ? "read" : "write");
    long operations = side.path("total_ios").asLong();
    if (operations == 0 || job.path("error").asInt() != 0) {
      throw new IOException("fio did nothing on " + target.name() + ": " + output);
    }
    return new Sample(side.path("iops").asDouble(), cpu * 1e6 / operations);
  }

  private static void print(Workload workload, List<Sample> medians) {
    StringBuilder text = new StringBuilder(line("%-28s", workload.title()));
    double raw = medians.getFirst().operations();
    for (int i = 0; i < medians.size(); i++) {
      double speed = medians.get(i).operations();
      double mebibytes = speed * workload.blockBytes() / (1 << 20);
      text.append(
          workload.blockBytes() < 1 << 20
              ? line(" %9.0f IOPS", speed)
              : line(" %8.0f MiB/s", mebibytes));
      if (i > 0) {
        text.append(line(" %7.2f %10.1f", speed / raw, medians.get(i).cpuMicros()));
      }
    }
    say(text.toString());
  }
}
