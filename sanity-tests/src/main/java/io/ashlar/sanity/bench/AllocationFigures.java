package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.Commands;
import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes that data loops allocate for a request, once their code is compiled: the difference of what
 * the JVM counts for each thread, which is exact.
 */
final class AllocationFigures {
  private static final long SIZE_BYTES = 256L << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int DEPTH = 32;
  private static final long SECONDS_MAX = 600;
  private static final Pattern ALLOCATED =
      Pattern.compile("(?m)^\"data-.* allocated=(\\d+)([BKMG]) ");
  private static final String UNITS = "BKMG";

  /** jcmd has to be in the daemon's machine, where its number is another one. */
  private static final String THREADS =
      "exec '%s/bin/jcmd' $(pgrep -n -f '^[^ ]*/java .* io.ashlar.node.NodeMain ') Thread.print -e"
          .formatted(System.getProperty("java.home"));

  private final DevCluster cluster;
  private final List<String> nodes;

  AllocationFigures(DevCluster cluster, List<String> nodes) {
    this.cluster = cluster;
    this.nodes = nodes;
  }

  void run(long requests) throws IOException, InterruptedException {
    measure("single copy over NBD", "single", 0, requests);
    measure("three copies over NBD", "three", nodes.size() - 1, requests);
  }

  private void measure(String title, String name, int replicas, long requests)
      throws IOException, InterruptedException {
    CsiVolume volume = CsiVolume.create(cluster, name, SIZE_BYTES, replicas, CsiVolume.BLOCK);
    String consumer = new Copies(cluster, volume.id()).holder(nodes);
    volume.attach(consumer);
    volume.mount(consumer);
    String uri = cluster.nbd(consumer, volume.id());
    fio(uri, "--rw=write", "--bs=1m", "--iodepth=4");
    for (String pattern : List.of("randread", "randwrite")) {
      fio(uri, random(pattern, requests)); // so that all of it is compiled
      List<Long> before = allocated();
      fio(uri, random(pattern, requests));
      List<Long> after = allocated();
      List<String> each = new ArrayList<>();
      for (int i = 0; i < nodes.size(); i++) {
        String who = nodes.get(i).equals(consumer) ? "coordinator's node" : "another node";
        each.add(line("%s %d", who, (after.get(i) - before.get(i)) / requests));
      }
      say(
          line(
              "bytes allocated by the data loop per 4 KiB %s, %s, QD%d, over %d: %s",
              pattern, title, DEPTH, requests, String.join(", ", each)));
    }
    volume.unmount(consumer);
    volume.detach(consumer);
    volume.delete();
  }

  private static String[] random(String pattern, long requests) {
    return new String[] {
      "--rw=" + pattern,
      "--bs=" + BLOCK_BYTES,
      "--iodepth=" + DEPTH,
      "--norandommap",
      "--io_size=" + requests * BLOCK_BYTES
    };
  }

  private static void fio(String uri, String... options) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=allocation",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--size=" + SIZE_BYTES,
                "--randrepeat=0"));
    command.addAll(List.of(options));
    var _ = Commands.run(SECONDS_MAX, command);
  }

  /** By the data loops of each node since its start. */
  private List<Long> allocated() throws IOException, InterruptedException {
    List<Long> all = new ArrayList<>();
    for (String node : nodes) {
      Matcher loops = ALLOCATED.matcher(cluster.exec(node, "sh", "-c", THREADS));
      List<MatchResult> found = loops.results().toList();
      if (found.isEmpty()) {
        throw new IOException(node + " tells of no data loop");
      }
      all.add(found.stream().mapToLong(AllocationFigures::bytes).sum());
    }
    return all;
  }

  private static long bytes(MatchResult loop) {
    return Long.parseLong(loop.group(1)) << (10 * UNITS.indexOf(loop.group(2)));
  }
}
