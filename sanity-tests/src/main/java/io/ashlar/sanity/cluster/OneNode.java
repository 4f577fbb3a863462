package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The only node of a cluster, whose volumes have one copy; seen from outside. */
public final class OneNode {
  public static final String NAME = "node1";

  private static final long POLL_MILLIS = 200;
  private static final int POLLS = 100;
  private static final long SETTLING_MILLIS = 3000;
  private static final int FREE_SECONDS = 120;
  private static final int UNITS_A_PAGE = 256;
  private static final int UNITS_A_BLOCK = UNITS_A_PAGE + 14;
  private static final Pattern OPENED =
      Pattern.compile("event=disk_opened .*?millis=(\\d+) segments=(\\d+) entries=(\\d+)");

  private final DevCluster cluster;

  public OneNode(DevCluster cluster) {
    this.cluster = cluster;
  }

  /** A volume that is attached here and has its device. */
  public CsiVolume volume(String name, long sizeBytes) throws IOException, InterruptedException {
    return volume(name, sizeBytes, Map.of());
  }

  /** The same with more parameters of its class. */
  public CsiVolume volume(String name, long sizeBytes, Map<String, String> parameters)
      throws IOException, InterruptedException {
    CsiVolume volume = CsiVolume.create(cluster, name, sizeBytes, 0, CsiVolume.BLOCK, parameters);
    volume.attach(NAME);
    volume.mount(NAME);
    return volume;
  }

  public void release(CsiVolume volume) throws InterruptedException {
    volume.unmount(NAME);
    volume.detach(NAME);
    volume.delete();
  }

  /**
   * What fio says in JSON about a job over NBD; NBD ends with its daemon, so no kills meanwhile.
   */
  public String fioOverNbd(CsiVolume volume, long seconds, String... options)
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

  public long poolBytes() throws IOException, InterruptedException {
    return pool("ashlar_pool_bytes");
  }

  public long freeBytes() throws IOException, InterruptedException {
    return pool("ashlar_pool_free_bytes");
  }

  /**
   * Bytes on the disk in which nothing lives, once what was done before is told. What a node offers
   * is less: with each free block goes the room for what a map may need for it (SpaceBudget).
   */
  public long unusedBytes() throws IOException, InterruptedException {
    Thread.sleep(SETTLING_MILLIS);
    return freeBytes() / UNITS_A_PAGE * UNITS_A_BLOCK;
  }

  /** What was deleted is free again, but for a hundredth, which upkeep may hold for a while. */
  public void awaitFree(long freeAtFirst) throws IOException, InterruptedException {
    long until = System.nanoTime() + FREE_SECONDS * 1_000_000_000L;
    while (freeBytes() < freeAtFirst - freeAtFirst / 100) {
      if (System.nanoTime() > until) {
        throw new IOException(
            "of %d bytes that were free only %d are, with all volumes deleted"
                .formatted(freeAtFirst, freeBytes()));
      }
      Thread.sleep(1000);
    }
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
  public long collectedBlocks() throws InterruptedException {
    return (long) cluster.diskMetric(NAME, "ashlar_disk_collected_blocks_total").orElse(0);
  }

  /** Bytes that the daemon has had written to disks (proc_pid_io(5)). */
  public long writtenBytes() throws IOException, InterruptedException {
    return ProcessFile.value(daemon(), "io", "write_bytes");
  }

  /** Memory that the daemon holds (VmRSS in proc_pid_status(5)). */
  public long residentMebibytes() throws IOException, InterruptedException {
    return ProcessFile.value(daemon(), "status", "VmRSS") >> 10;
  }

  public long daemon() throws IOException, InterruptedException {
    return cluster.daemon(NAME);
  }

  /** What the last start read of the log, and how long opening the disk took. */
  public Opening lastOpening() throws IOException {
    Matcher matcher = OPENED.matcher(Files.readString(cluster.folder(NAME).resolve("log")));
    Opening last = null;
    while (matcher.find()) {
      last =
          new Opening(
              Long.parseLong(matcher.group(1)),
              Integer.parseInt(matcher.group(2)),
              Long.parseLong(matcher.group(3)));
    }
    if (last == null) {
      throw new IOException(NAME + " has not logged that it opened its disk");
    }
    return last;
  }

  /**
   * A start as the daemon logs it.
   *
   * @param segments of the log that it read, all that were written to since the last checkpoint
   * @param entries that it found in them and applied
   */
  public record Opening(long millis, int segments, long entries) {}
}
