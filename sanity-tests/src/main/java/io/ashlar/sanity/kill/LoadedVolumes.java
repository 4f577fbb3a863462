package io.ashlar.sanity.kill;

import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Load;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Two volumes with three copies on one consumer: a raw device under fio, and an ext4 file system
 * whose records say what was promised, so that they can be counted where fio is gone with its
 * machine.
 */
final class LoadedVolumes {
  private static final long SIZE_BYTES = 128L << 20;
  private static final long STANDSTILL_SECONDS = 60;

  private final DevCluster cluster;
  private final CsiVolume raw;
  private final CsiVolume files;
  private final Copies rawCopies;
  private final Copies fileCopies;
  private final int copies;
  private String consumer;
  private FioPasses fio;
  private Load load;
  private int passes;

  LoadedVolumes(DevCluster cluster, String consumer, int copies) throws Exception {
    this.cluster = cluster;
    this.copies = copies;
    this.raw = CsiVolume.create(cluster, "raw", SIZE_BYTES, copies - 1, CsiVolume.BLOCK);
    this.files = CsiVolume.create(cluster, "files", SIZE_BYTES, copies - 1, CsiVolume.EXT4);
    this.rawCopies = new Copies(cluster, raw.id());
    this.fileCopies = new Copies(cluster, files.id());
    this.consumer = consumer;
    use(0);
  }

  private void use(long first) throws IOException, InterruptedException {
    for (CsiVolume volume : new CsiVolume[] {raw, files}) {
      volume.attach(consumer);
      volume.mount(consumer);
    }
    if (first > 0) {
      first = Load.check(cluster, consumer, file()) + 1;
    }
    load = Load.start(cluster, consumer, file(), first);
    fio = FioPasses.start(cluster, consumer, raw.target(consumer));
    load.await(1, STANDSTILL_SECONDS);
    load.takeLongestGapSeconds();
  }

  private Path file() {
    return files.target(consumer).resolve("load");
  }

  String consumer() {
    return consumer;
  }

  /** Passes of fio that were written and verified as a whole. */
  int passes() {
    return passes + fio.passes();
  }

  /** The fewest copies in sync of the two. */
  int inSync() throws InterruptedException {
    return Math.min(rawCopies.inSync(consumer), fileCopies.inSync(consumer));
  }

  void awaitInSync() throws IOException, InterruptedException {
    var _ = rawCopies.awaitInSync(consumer, copies);
    var _ = fileCopies.awaitInSync(consumer, copies);
  }

  /** Requires that both loads go on without an error; returns the longest stall, in seconds. */
  double awaitProgress() throws IOException, InterruptedException {
    load.await(20, STANDSTILL_SECONDS);
    if (load.errors() > 0 || !fio.failure().isEmpty()) {
      throw new IOException("a load failed: " + load.lastError() + ' ' + fio.failure());
    }
    return load.takeLongestGapSeconds();
  }

  /**
   * The consumer's machine dies and comes back, while the volumes go to another one: every record
   * that was acknowledged must be there.
   */
  void consumerDies(String next) throws IOException, InterruptedException {
    String old = consumer;
    cluster.act("poweroff", old);
    fio.abandon();
    passes += fio.passes();
    long promised = load.last();
    load.close();
    raw.detach(old);
    files.detach(old);
    cluster.act("start", old);
    consumer = next;
    use(promised + 1);
    if (load.last() < promised) {
      throw new IOException("record " + promised + " was acknowledged, and is lost");
    }
    raw.unmount(old);
    files.unmount(old);
  }

  /** Ends the loads and checks all that there is to check; gives the volumes back. */
  void finish(java.util.List<String> nodes) throws IOException, InterruptedException {
    fio.end();
    passes += fio.passes();
    long promised = load.last();
    load.close();
    if (load.errors() > 0 || !fio.failure().isEmpty()) {
      throw new IOException("a load failed: " + load.lastError() + ' ' + fio.failure());
    }
    long there = Load.check(cluster, consumer, file());
    if (there < promised) {
      throw new IOException("record " + promised + " was acknowledged, " + there + " is there");
    }
    raw.unmount(consumer);
    files.unmount(consumer);
    awaitInSync();
    rawCopies.requireIdentical(nodes);
    fileCopies.requireIdentical(nodes);
    fileCopies.requireCleanFileSystem(nodes.getFirst(), "e2fsck", "-fn");
    for (CsiVolume volume : new CsiVolume[] {raw, files}) {
      volume.detach(consumer);
      volume.delete();
    }
  }
}
