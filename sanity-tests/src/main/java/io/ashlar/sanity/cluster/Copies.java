package io.ashlar.sanity.cluster;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the nodes hold of a volume, seen through their read-only exports and their metrics. */
public final class Copies {
  private static final long COPY_SECONDS = 120;
  private static final long SYNC_SECONDS = 180;
  private static final long POLL_MILLIS = 100;
  private static final int POLLS_PER_LINE = 30;

  private final DevCluster cluster;
  private final String volume;

  public Copies(DevCluster cluster, String volume) {
    this.cluster = cluster;
    this.volume = volume;
  }

  public boolean isOn(String node) throws IOException, InterruptedException {
    return cluster.exports(node).contains("replica/" + volume);
  }

  /** The first of these nodes that has a copy. */
  public String holder(List<String> nodes) throws IOException, InterruptedException {
    for (String node : nodes) {
      if (isOn(node)) {
        return node;
      }
    }
    throw new IOException("no node has a copy of " + volume);
  }

  /**
   * Reads the copies of these nodes as a whole, past every coordinator, and compares them.
   *
   * @throws IOException naming the blocks that differ, with what each copy holds there; the copies
   *     are then kept beside the daemons' logs
   */
  public void requireIdentical(List<String> nodes) throws IOException, InterruptedException {
    List<Path> files = new ArrayList<>();
    Set<String> sums = new LinkedHashSet<>();
    for (String node : nodes) {
      Path file = take(node);
      files.add(file);
      sums.add(run("sha256sum", file.toString()).split(" ", 2)[0]);
    }
    if (sums.size() > 1) {
      throw new IOException("the copies differ: " + CopyDifference.between(nodes, files));
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  /**
   * Requires that the file system on a node's copy is clean: the command is given a file with it.
   *
   * @throws IOException with what the command said
   */
  public void requireCleanFileSystem(String node, String... check)
      throws IOException, InterruptedException {
    Path file = take(node);
    List<String> command = new ArrayList<>(List.of(check));
    command.add(file.toString());
    var _ = Commands.run(COPY_SECONDS, command);
    Files.delete(file);
  }

  private Path take(String node) throws IOException, InterruptedException {
    Path file = cluster.folder(node).resolve("copy.raw");
    Files.deleteIfExists(file);
    var _ = run("nbdcopy", cluster.nbd(node, "replica/" + volume), file.toString());
    return file;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    return Commands.run(COPY_SECONDS, List.of(command));
  }

  /**
   * Waits until the consumer's coordinator counts this many copies in sync, saying now and then how
   * far it is.
   */
  public Resync awaitInSync(String consumer, int copies) throws IOException, InterruptedException {
    long until = System.nanoTime() + SYNC_SECONDS * 1_000_000_000L;
    for (int i = 0; System.nanoTime() < until; i++) {
      if (inSync(consumer) >= copies) {
        return lastResync(consumer);
      }
      if (i % POLLS_PER_LINE == POLLS_PER_LINE - 1) {
        double left = metric(consumer, "resync_left_bytes") / (1 << 20);
        say(line("   resync: %d in sync, %.1f MiB left", inSync(consumer), left));
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new IOException("fewer than " + copies + " copies in sync after " + SYNC_SECONDS + " s");
  }

  /** Copies in sync as the consumer's coordinator sees it; 0 while it does not tell. */
  public int inSync(String consumer) throws InterruptedException {
    return (int) metric(consumer, "in_sync_copies");
  }

  private double metric(String consumer, String name) throws InterruptedException {
    return cluster.metric(consumer, "ashlar_volume_" + name, volume).orElse(0);
  }

  /** The last one that the consumer's daemon has logged for the volume. */
  private Resync lastResync(String consumer) throws IOException {
    Resync last = new Resync(0, 0);
    Pattern done = Pattern.compile(volume + " event=resync_done .*bytes=(\\d+) millis=(\\d+)");
    for (String line : Files.readAllLines(cluster.folder(consumer).resolve("log"))) {
      Matcher matcher = done.matcher(line);
      if (matcher.find()) {
        last =
            new Resync(
                Double.parseDouble(matcher.group(1)), Double.parseDouble(matcher.group(2)) / 1e3);
      }
    }
    return last;
  }

  /** What an attempt copied, and how long it took with the waiting for old leases. */
  public record Resync(double bytes, double seconds) {
    @Override
    public String toString() {
      double mebibytes = bytes / (1 << 20);
      return line("%.1f MiB in %.1f s", mebibytes, seconds);
    }
  }
}
