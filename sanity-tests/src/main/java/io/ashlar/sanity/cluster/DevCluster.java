package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The cluster of {@code deploy/dev/cluster}, used through that script. */
public final class DevCluster implements AutoCloseable {
  private static final long UP_SECONDS = 600;
  private static final long COMMAND_SECONDS = 60;
  private static final long RETRY_MILLIS = 200;

  private final String script;
  private final Path folder;

  private DevCluster(Path top, Path folder) {
    this.script = top.resolve("deploy/dev/cluster").toString();
    this.folder = folder;
  }

  /** Brings a cluster up, with further options of the script. */
  public static DevCluster up(Path top, Path folder, int nodes, String... options)
      throws IOException, InterruptedException {
    DevCluster cluster = new DevCluster(top, folder);
    if (Files.exists(folder)) {
      throw new IOException(folder + " exists: deploy/dev/cluster down --dir " + folder);
    }
    try {
      List<String> words = new ArrayList<>(List.of("up", "--nodes", Integer.toString(nodes)));
      words.addAll(List.of(options));
      var _ = cluster.script(UP_SECONDS, words.toArray(String[]::new));
    } catch (IOException | InterruptedException failed) {
      try {
        cluster.close();
      } catch (IOException alsoFailed) {
        failed.addSuppressed(alsoFailed);
      }
      throw failed;
    }
    return cluster;
  }

  public Path socket(String machine) {
    return folder.resolve(machine).resolve("csi.sock");
  }

  public Path folder(String machine) {
    return folder.resolve(machine);
  }

  /** Address of an export of the node's NBD server. */
  public String nbd(String machine, String export) {
    return "nbd+unix:///" + export + "?socket=" + folder.resolve(machine).resolve("nbd.sock");
  }

  /** What the node's NBD server offers, once its daemon is there. */
  public String exports(String machine) throws IOException, InterruptedException {
    long until = System.nanoTime() + COMMAND_SECONDS * 1_000_000_000L;
    while (true) {
      try {
        return Commands.run(COMMAND_SECONDS, List.of("nbdinfo", "--list", nbd(machine, "")));
      } catch (IOException notUp) {
        if (System.nanoTime() > until) {
          throw notUp;
        }
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  /** One of the script's verbs for a machine: kill, poweroff, start, cut, heal. */
  public void act(String verb, String machine) throws IOException, InterruptedException {
    var _ = script(COMMAND_SECONDS, verb, machine);
  }

  public String exec(String machine, String... command) throws IOException, InterruptedException {
    return Commands.run(COMMAND_SECONDS, execCommand(machine, List.of(command)));
  }

  public List<String> execCommand(String machine, List<String> command) {
    List<String> all =
        new ArrayList<>(List.of(script, "exec", "--dir", folder.toString(), machine));
    all.addAll(command);
    return all;
  }

  /** A node's metric of a volume or pool; empty while the node does not tell it. */
  public OptionalDouble metric(String node, String name, String of) throws InterruptedException {
    return metric(node, Pattern.compile(name + "\\{[^}]*\"" + of + "\"[^}]*\\} (\\S+)"));
  }

  /** The sum of a metric over all disks of a node; empty while the node does not tell it. */
  public OptionalDouble diskMetric(String node, String name) throws InterruptedException {
    return metric(node, Pattern.compile("(?m)^" + name + "\\{disk=[^}]*\\} (\\S+)"));
  }

  /** The sum of the first groups of all that matches. */
  private OptionalDouble metric(String node, Pattern line) throws InterruptedException {
    try {
      String url = "http://10.77.0." + node.replace("node", "") + ":7435/metrics";
      String all = exec(node, "curl", "-s", "-m", "5", url);
      List<Double> found =
          line.matcher(all).results().map(match -> Double.parseDouble(match.group(1))).toList();
      return found.isEmpty()
          ? OptionalDouble.empty()
          : OptionalDouble.of(found.stream().mapToDouble(Double::doubleValue).sum());
    } catch (IOException notUp) {
      return OptionalDouble.empty();
    }
  }

  /** Copies the daemons' logs out, since the cluster's folder goes with it. */
  public void keepLogs(Path to) throws IOException, InterruptedException {
    Files.createDirectories(to);
    String copy =
        "for m in %s/*/; do for l in log holder.log copy.raw; do cp $m/$l %s/$(basename $m)-$l 2>/dev/null; done; done; true"
            .formatted(folder, to);
    var _ = Commands.run(COMMAND_SECONDS, List.of("sh", "-c", copy));
  }

  /** Process numbers of all daemons that run. */
  public List<Long> daemons() throws IOException, InterruptedException {
    return processes("_PID");
  }

  /** Process number of the daemon of a machine. */
  public long daemon(String machine) throws IOException, InterruptedException {
    return processes("\\b" + machine.toUpperCase(Locale.ROOT) + "_PID").getFirst();
  }

  private List<Long> processes(String name) throws IOException, InterruptedException {
    List<Long> all = new ArrayList<>();
    Matcher pids = Pattern.compile(name + "=([0-9]+)").matcher(script(COMMAND_SECONDS, "env"));
    while (pids.find()) {
      all.add(Long.parseLong(pids.group(1)));
    }
    return all;
  }

  private String script(long seconds, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(script));
    command.addAll(List.of(words));
    command.addAll(List.of("--dir", folder.toString()));
    return Commands.run(seconds, command);
  }

  @Override
  public void close() throws IOException {
    try {
      var _ = script(COMMAND_SECONDS, "down");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
