package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * {@code BenchMain TOP_FOLDER CLUSTER_FOLDER ROUNDS SECONDS}: three nodes whose disks are files on
 * one file system, and a raw file and the files of others on the same. Ends with 0 or 1.
 */
public final class BenchMain {
  private static final long SIZE_BYTES = 512L << 20;
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  private BenchMain() {}

  public static void main(String[] arguments) {
    Path top = Path.of(arguments[0]);
    Path folder = Path.of(arguments[1]);
    try (DevCluster cluster = DevCluster.up(top, folder, NODES.size(), "--disk-size", "4G");
        Peers peers = new Peers(folder.resolve("peers"), SIZE_BYTES)) {
      List<Target> targets = new ArrayList<>();
      targets.add(Target.file("raw file", folder.resolve("raw").toString()));
      targets.addAll(volume(cluster, "one copy", 0));
      targets.addAll(volume(cluster, "three copies", NODES.size() - 1));
      targets.add(peers.nothing());
      targets.add(peers.nbdkit());
      targets.add(peers.qemuNbd());
      targets.add(peers.quorum());
      Bench bench = new Bench(targets, SIZE_BYTES);
      bench.fill();
      bench.run(Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
    } catch (Exception failed) {
      LoggerFactory.getLogger(BenchMain.class).error("the bench failed", failed);
      System.exit(1);
    }
    say("bench: done");
    System.exit(0);
  }

  /** A volume that is used on a node which holds a copy of it: over NBD, and as the device. */
  private static List<Target> volume(DevCluster cluster, String name, int replicas)
      throws Exception {
    CsiVolume volume = CsiVolume.create(cluster, name, SIZE_BYTES, replicas, CsiVolume.BLOCK);
    String node = new Copies(cluster, volume.id()).holder(NODES);
    volume.attach(node);
    volume.mount(node);
    List<Long> daemons = cluster.daemons();
    return List.of(
        Target.nbd(name + ", NBD", cluster.nbd(node, volume.id()), daemons),
        Target.device(
            name + ", device",
            cluster.execCommand(node, List.of()),
            volume.target(node).toString(),
            daemons));
  }
}
