package io.ashlar.sanity.kill;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import java.io.IOException;
import java.util.random.RandomGenerator;

/**
 * A volume is mounted, written to and unmounted on one node after the other, while that node's
 * daemon is killed at a random moment of it: while it checks or makes the file system, mounts,
 * unmounts. The calls are repeated as kubelet would; each node must find what the last one wrote.
 */
final class MountRounds {
  private static final long SIZE_BYTES = 320L << 20; // xfs wants 300 MiB
  private static final int MOMENTS_MILLIS = 900;

  private final DevCluster cluster;
  private final RandomGenerator random;
  private final String fileSystem;
  private final CsiVolume volume;

  MountRounds(DevCluster cluster, RandomGenerator random, String fileSystem) throws Exception {
    this.cluster = cluster;
    this.random = random;
    this.fileSystem = fileSystem;
    this.volume = CsiVolume.create(cluster, "mounts-" + fileSystem, SIZE_BYTES, 1, fileSystem);
  }

  void run(int rounds, java.util.List<String> nodes) throws Exception {
    String written = "";
    for (int round = 1; round <= rounds; round++) {
      String node = nodes.get(random.nextInt(nodes.size()));
      volume.attach(node);
      Thread kill = killSoon(node);
      volume.mount(node);
      kill.join();
      String found = inVolume(node, "cat f 2>/dev/null || true");
      if (!found.equals(written)) {
        throw new IOException(
            "round " + round + ": wrote '" + written + "', found '" + found + "'");
      }
      written = "round " + round;
      var _ = inVolume(node, "echo " + written + " > f && sync");
      kill = killSoon(node);
      volume.unmount(node);
      kill.join();
      volume.detach(node);
      Copies copies = new Copies(cluster, volume.id());
      for (String holder : nodes) {
        if (copies.isOn(holder)) {
          check(copies, holder);
          break;
        }
      }
    }
    volume.delete();
    say(line("%d rounds of mount and unmount of %s, each interrupted twice", rounds, fileSystem));
  }

  private void check(Copies copies, String holder) throws IOException, InterruptedException {
    if (fileSystem.equals(CsiVolume.XFS)) {
      copies.requireCleanFileSystem(holder, "xfs_repair", "-n", "-f");
    } else {
      copies.requireCleanFileSystem(holder, "e2fsck", "-fn");
    }
  }

  private String inVolume(String node, String script) throws IOException, InterruptedException {
    return cluster.exec(node, "sh", "-c", "cd " + volume.target(node) + " && " + script);
  }

  private Thread killSoon(String node) {
    long after = random.nextInt(MOMENTS_MILLIS);
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                Thread.sleep(after);
                cluster.act("kill", node);
              } catch (IOException | InterruptedException e) {
                // it is between two lives: killed enough
              }
            });
  }
}
