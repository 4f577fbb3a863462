package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The daemon of the only node, killed again and again under a load that notices each gap. The load
 * must never see an error, and what it was promised must be there in the end.
 */
public final class Restarts implements AutoCloseable {
  private static final int RECORDS = 200;
  private static final int STANDSTILL_SECONDS = 120;

  /** A daemon that dies sooner is started later and later by its launcher: that is another case. */
  private static final long LIFE_MILLIS = 6000;

  /** What one kill cost: a client that writes, and the new process. */
  public record Restart(double stallSeconds, OneNode.Opening opening) {}

  private final DevCluster cluster;
  private final OneNode node;
  private final Path file;
  private final Load load;

  private Restarts(DevCluster cluster, OneNode node, Path file, Load load) {
    this.cluster = cluster;
    this.node = node;
    this.file = file;
    this.load = load;
  }

  /** Starts the load on a volume that has its device on the node. */
  public static Restarts on(DevCluster cluster, OneNode node, CsiVolume volume)
      throws IOException, InterruptedException {
    Path file = volume.target(OneNode.NAME);
    Load load = Load.start(cluster, OneNode.NAME, file, 0);
    Restarts restarts = new Restarts(cluster, node, file, load);
    try {
      load.await(1, STANDSTILL_SECONDS);
    } catch (IOException | InterruptedException failed) {
      restarts.close();
      throw failed;
    }
    return restarts;
  }

  /** Returns when the load goes on. */
  public Restart kill() throws IOException, InterruptedException {
    Thread.sleep(LIFE_MILLIS);
    load.await(RECORDS, STANDSTILL_SECONDS);
    double _ = load.takeLongestGapSeconds();
    cluster.act("kill", OneNode.NAME);
    load.await(RECORDS, STANDSTILL_SECONDS);
    double stall = load.takeLongestGapSeconds();
    requireNoError();
    return new Restart(stall, node.lastOpening());
  }

  /** Ends the load and looks for what it was promised. */
  public void finish() throws IOException, InterruptedException {
    long promised = load.last();
    load.close();
    requireNoError();
    long there = Load.check(cluster, OneNode.NAME, file);
    if (there < promised) {
      throw new IOException("record " + promised + " was promised, and the last is " + there);
    }
  }

  private void requireNoError() throws IOException {
    if (load.errors() > 0) {
      throw new IOException("the load saw an error: " + load.lastError());
    }
  }

  @Override
  public void close() throws IOException {
    load.close();
  }
}
