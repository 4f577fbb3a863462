package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.CpuTime;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import io.ashlar.sanity.cluster.ProcessFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the daemons take while nobody uses the volume that is attached. */
final class IdleFigures {
  private static final long SIZE_BYTES = 64L << 20;
  private static final long SETTLING_MILLIS = 5000;

  private final DevCluster cluster;
  private final OneNode node;

  IdleFigures(DevCluster cluster, OneNode node) {
    this.cluster = cluster;
    this.node = node;
  }

  void run(int seconds) throws IOException, InterruptedException {
    CsiVolume volume = node.volume("idle", SIZE_BYTES);
    Map<String, Long> daemons = new LinkedHashMap<>();
    daemons.put("node daemon", node.daemon());
    daemons.put("controller", cluster.daemon("controller"));
    daemons.put("device holder", holder());
    Thread.sleep(SETTLING_MILLIS); // what a new volume causes is over then
    Map<String, Double> before = new LinkedHashMap<>();
    for (var daemon : daemons.entrySet()) {
      before.put(daemon.getKey(), CpuTime.secondsOf(List.of(daemon.getValue())));
    }
    Thread.sleep(seconds * 1000L);
    for (var daemon : daemons.entrySet()) {
      double took = CpuTime.secondsOf(List.of(daemon.getValue())) - before.get(daemon.getKey());
      say(
          line(
              "idle %s, one volume attached: %.2f %% of a CPU over %d s; %s",
              daemon.getKey(),
              took / seconds * 100,
              seconds,
              ProcessFile.memory(daemon.getValue())));
    }
    node.release(volume);
  }

  /** The device holder has no launcher that tells its number, but its socket among its words. */
  private long holder() throws IOException {
    String socket = cluster.folder(OneNode.NAME).resolve("holder.sock").toString();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      List<String> words = words(process.pid());
      if (words.contains(socket) && words.stream().anyMatch(word -> word.endsWith(".HolderMain"))) {
        return process.pid();
      }
    }
    throw new IOException("no device holder at " + socket);
  }

  private static List<String> words(long process) {
    try {
      return List.of(
          Files.readString(Path.of("/proc", Long.toString(process), "cmdline")).split("\0", -1));
    } catch (IOException ended) {
      return List.of();
    }
  }
}
