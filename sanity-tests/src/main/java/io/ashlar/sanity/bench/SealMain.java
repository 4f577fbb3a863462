package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.slf4j.LoggerFactory;

/**
 * {@code SealMain TOP_FOLDER CLUSTER_FOLDER ROUNDS SECONDS}: what it costs and gains to make blocks
 * smaller before they are stored, with data of which half can be saved and with data of which
 * nothing can, beside a volume that stores it as it is. One copy, over NBD. Ends with 0 or 1.
 */
public final class SealMain {
  private static final long SIZE_BYTES = 512L << 20;
  private static final List<String> CODECS = List.of("none", "lz4", "zstd");
  private static final int[] COMPRESSIBLE_PERCENT = {50, 0};
  private static final long TOLD_MILLIS = 2500;

  private SealMain() {}

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    int rounds = Integer.parseInt(arguments[2]);
    int seconds = Integer.parseInt(arguments[3]);
    try (DevCluster cluster = DevCluster.up(top, Path.of(arguments[1]), 1, "--disk-size", "5G")) {
      for (int percent : COMPRESSIBLE_PERCENT) {
        measure(cluster, percent, rounds, seconds);
      }
    } catch (Exception failed) {
      LoggerFactory.getLogger(SealMain.class).error("the bench failed", failed);
      System.exit(1);
    }
    say("sealing: done");
    System.exit(0);
  }

  private static void measure(DevCluster cluster, int percent, int rounds, int seconds)
      throws IOException, InterruptedException {
    say(line("data of which %d %% can be saved, compared with no compression", percent));
    OneNode node = new OneNode(cluster);
    List<CsiVolume> volumes = new ArrayList<>();
    List<Target> targets = new ArrayList<>();
    for (String codec : CODECS) {
      CsiVolume volume =
          node.volume(codec + percent, SIZE_BYTES, Map.of("ashlar.io/compression", codec));
      volumes.add(volume);
      targets.add(
          Target.nbd(codec, cluster.nbd(OneNode.NAME, volume.id()), cluster.daemons())
              .writing(percent));
    }
    Bench bench = new Bench(targets, SIZE_BYTES);
    bench.fill();
    Thread.sleep(TOLD_MILLIS);
    for (int i = 0; i < CODECS.size(); i++) {
      say(
          line(
              "  %-6s %4.0f MiB on the disk for %d MiB",
              CODECS.get(i), stored(cluster, volumes.get(i)) / (1 << 20), SIZE_BYTES >> 20));
    }
    bench.run(rounds, seconds);
    for (CsiVolume volume : volumes) {
      node.release(volume);
    }
  }

  private static double stored(DevCluster cluster, CsiVolume volume)
      throws IOException, InterruptedException {
    OptionalDouble bytes = cluster.metric(OneNode.NAME, "ashlar_replica_stored_bytes", volume.id());
    return bytes.orElseThrow(() -> new IOException("the node does not tell what it stores"));
  }
}
