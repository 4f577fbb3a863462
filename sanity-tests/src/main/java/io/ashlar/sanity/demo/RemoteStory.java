package io.ashlar.sanity.demo;

import static io.ashlar.sanity.cluster.Report.after;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Removals;
import java.io.IOException;
import java.util.List;

/** A volume whose consumer runs on a node that holds no copy of it. */
final class RemoteStory {
  private static final long SIZE_BYTES = 64L << 20;
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  private final DevCluster cluster;
  private final Removals removals;

  RemoteStory(DevCluster cluster, Removals removals) {
    this.cluster = cluster;
    this.removals = removals;
  }

  void tell() throws IOException, InterruptedException {
    long started = System.nanoTime();
    CsiVolume volume = CsiVolume.create(cluster, "remote", SIZE_BYTES, 1, CsiVolume.EXT4);
    String consumer = withoutCopy(new Copies(cluster, volume.id()));
    volume.attach(consumer);
    volume.mount(consumer);
    String target = volume.target(consumer).toString();
    String script = "cd " + target + " && head -c 8000000 /dev/urandom > f && sync && sha256sum f";
    String written = cluster.exec(consumer, "sh", "-c", script);
    volume.unmount(consumer);
    volume.mount(consumer);
    String read = cluster.exec(consumer, "sh", "-c", "cd " + target + " && sha256sum f");
    if (!read.equals(written)) {
      throw new IOException("written " + written + ", read " + read);
    }
    volume.unmount(consumer);
    volume.detach(consumer);
    volume.delete();
    say("e) a volume was used on " + consumer + ", which holds no copy of it" + after(started));
    removals.none();
  }

  private static String withoutCopy(Copies copies) throws IOException, InterruptedException {
    for (String node : NODES) {
      if (!copies.isOn(node)) {
        return node;
      }
    }
    throw new IOException("every node has a copy of a volume that has two");
  }
}
