package io.ashlar.sanity.fill;

import io.ashlar.sanity.cluster.Commands;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The only node of a cluster, whose volumes have one copy; seen from outside. */
final class OneNode {
  static final String NAME = "node1";

  private static final int MEBIBYTE = 1 << 20;
  private static final long POLL_MILLIS = 200;
  private static final int POLLS = 100;
  private static final Pattern OPENED = Pattern.compile("event=disk_opened .*?millis=(\\d+)");

  private final DevCluster cluster;

  OneNode(DevCluster cluster) {
    this.cluster = cluster;
  }

  /** A volume that is attached here and has its device. */
  CsiVolume volume(String name, long sizeBytes) throws IOException, InterruptedException {
    CsiVolume volume = CsiVolume.create(cluster, name, sizeBytes, 0, CsiVolume.BLOCK);
    volume.attach(NAME);
    volume.mount(NAME);
    return volume;
  }

  void release(CsiVolume volume) throws InterruptedException {
    volume.unmount(NAME);
    volume.detach(NAME);
    volume.delete();
  }

  /**
   * What fio says in JSON about a job over NBD; NBD ends with its daemon, so no kills meanwhile.
   */
  String fioOverNbd(CsiVolume volume, long seconds, String... options)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=fill",
                "--ioengine=nbd",
                "--uri=" + cluster.nbd(NAME, volume.id()),
                "--randrepeat=0",
                "--output-format=json"));
    command.addAll(List.of(options));
    String output = Commands.run(seconds, command);
    return output.substring(output.indexOf('{'));
  }

  long poolBytes() throws IOException, InterruptedException {
    return pool("ashlar_pool_bytes");
  }

  long freeBytes() throws IOException, InterruptedException {
    return pool("ashlar_pool_free_bytes");
  }

  private long pool(String metric) throws IOException, InterruptedException {
    for (int i = 0; i < POLLS; i++) {
      OptionalDouble value = cluster.metric(NAME, metric, "default");
      if (value.isPresent() && value.getAsDouble() > 0) {
        return (long) value.getAsDouble();
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new IOException(NAME + " does not tell " + metric);
  }

  /** Blocks that collection has moved since the daemon's start. */
  long collectedBlocks() throws InterruptedException {
    return (long) cluster.diskMetric(NAME, "ashlar_disk_collected_blocks_total").orElse(0);
  }

  /** Bytes that the daemon has had written to disks (proc_pid_io(5)). */
  long writtenBytes() throws IOException, InterruptedException {
    return field("io", "write_bytes");
  }

  /** Memory that the daemon holds (VmRSS in proc_pid_status(5)). */
  long residentMebibytes() throws IOException, InterruptedException {
    return field("status", "VmRSS") * 1024 / MEBIBYTE;
  }

  private long field(String file, String name) throws IOException, InterruptedException {
    String text = Files.readString(Path.of("/proc", Long.toString(daemon()), file));
    Matcher matcher = Pattern.compile(name + ":\\s+(\\d+)").matcher(text);
    if (!matcher.find()) {
      throw new IOException("no " + name + " in /proc/PID/" + file);
    }
    return Long.parseLong(matcher.group(1));
  }

  long daemon() throws IOException, InterruptedException {
    return cluster.daemon(NAME);
  }

  /** How long the last start took to open the disk. */
  long openedMillis() throws IOException {
    Matcher matcher = OPENED.matcher(Files.readString(cluster.folder(NAME).resolve("log")));
    long last = -1;
    while (matcher.find()) {
      last = Long.parseLong(matcher.group(1));
    }
    return last;
  }
}
