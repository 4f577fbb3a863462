package io.ashlar.sanity.demo;

import static io.ashlar.sanity.cluster.Report.after;
import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;
import static io.ashlar.sanity.cluster.Report.secondsSince;

import io.ashlar.sanity.cluster.Copies;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.Load;
import io.ashlar.sanity.cluster.Removals;
import io.ashlar.sanity.cluster.Removals.Removal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * The main job: one volume with three copies under a load, while a replica's node, the consumer's
 * daemon and the consumer's link fail, one after the other; then the proof that nothing is lost and
 * nothing is there that must not be.
 */
final class Story {
  private static final int COPIES = 3;
  private static final long SIZE_BYTES = 256L << 20;
  private static final long STANDSTILL_SECONDS = 60;
  private static final String OLD = "node1";
  private static final String NEW = "node2";
  private static final String REPLICA = "node3";

  /** What the node that is cut off wants; nobody records it any more. */
  private static final Set<Removal> LAST_WISHES =
      Set.of(new Removal(OLD, NEW), new Removal(OLD, REPLICA));

  private final DevCluster cluster;
  private final Removals removals;
  private CsiVolume volume;
  private Copies copies;
  private Load load;
  private String checksum;

  Story(DevCluster cluster, Removals removals) {
    this.cluster = cluster;
    this.removals = removals;
  }

  void tell() throws IOException, InterruptedException {
    provision();
    replicaNodeDies();
    consumerDaemonDies();
    consumerIsCutOff();
    compare();
  }

  private static void require(boolean holds, String otherwise) throws IOException {
    if (!holds) {
      throw new IOException(otherwise);
    }
  }

  private Path loadFile(String node) {
    return volume.target(node).resolve("load");
  }

  private void provision() throws IOException, InterruptedException {
    long started = System.nanoTime();
    volume = CsiVolume.create(cluster, "demo", SIZE_BYTES, COPIES - 1, CsiVolume.EXT4);
    copies = new Copies(cluster, volume.id());
    volume.attach(OLD);
    volume.mount(OLD);
    say("volume " + volume.id() + " is mounted as ext4 on " + OLD + after(started));
    var _ =
        inVolume(OLD, "head -c 33554432 /dev/urandom > a && head -c 4097 /dev/urandom > b && sync");
    checksum = checksums(OLD);
    load = Load.start(cluster, OLD, loadFile(OLD), 0);
    load.await(50, STANDSTILL_SECONDS);
    load.takeLongestGapSeconds();
    removals.none();
  }

  private String checksums(String node) throws IOException, InterruptedException {
    return inVolume(node, "sha256sum a b");
  }

  private String inVolume(String node, String script) throws IOException, InterruptedException {
    return cluster.exec(node, "sh", "-c", "cd " + volume.target(node) + " && " + script);
  }

  private void replicaNodeDies() throws IOException, InterruptedException {
    cluster.act("poweroff", REPLICA);
    load.await(200, STANDSTILL_SECONDS);
    double stall = load.takeLongestGapSeconds();
    var _ = inVolume(OLD, "head -c 100663296 /dev/urandom > c && sync");
    long started = System.nanoTime();
    cluster.act("start", REPLICA);
    Copies.Resync resync = copies.awaitInSync(OLD, COPIES);
    say(
        line(
            "a) %s, which holds a copy, was switched off: stall %.2f s; in sync %.1f s after its"
                + " return, resync of %s",
            REPLICA, stall, secondsSince(started), resync));
    removals.during("it was off", Set.of(new Removal(OLD, REPLICA)), Set.of());
    load.takeLongestGapSeconds();
  }

  private void consumerDaemonDies() throws IOException, InterruptedException {
    cluster.act("kill", OLD);
    load.await(200, STANDSTILL_SECONDS);
    double stall = load.takeLongestGapSeconds();
    require(load.errors() == 0, "the load saw an error: " + load.lastError());
    say(line("b) the daemon of %s was killed: stall %.2f s, no error", OLD, stall));
    var _ = copies.awaitInSync(OLD, COPIES);
    removals.none();
  }

  private void consumerIsCutOff() throws IOException, InterruptedException {
    try (Load cutOff = load) {
      long cutAt = System.nanoTime();
      cluster.act("cut", OLD);
      volume.detach(OLD);
      final double fenced = secondsSince(cutAt);
      long publishAt = System.nanoTime();
      volume.attach(NEW);
      volume.mount(NEW);
      long seen = Load.check(cluster, NEW, loadFile(NEW));
      long promised = cutOff.last();
      require(seen >= promised, "record " + promised + " was acknowledged, " + seen + " is there");
      load = Load.start(cluster, NEW, loadFile(NEW), seen + 1);
      load.await(1, STANDSTILL_SECONDS);
      say(
          line(
              "c) %s was cut off: fenced after %.1f s, I/O on %s %.1f s after the publish call,"
                  + " %.1f s after the cut",
              OLD, fenced, NEW, secondsSince(publishAt), secondsSince(cutAt)));
      removals.during("it was cut off", Set.of(new Removal(NEW, OLD)), LAST_WISHES);
      cluster.act("heal", OLD);
      oldWriterFails(cutOff, seen);
    }
    awaitHealed(System.nanoTime());
  }

  /**
   * While it is cut off the old node can only wait; with its link it learns that it was fenced. At
   * most the one record that was on its way may be there beyond what was acknowledged.
   */
  private void oldWriterFails(Load cutOff, long seen) throws IOException, InterruptedException {
    long started = System.nanoTime();
    long until = started + STANDSTILL_SECONDS * 1_000_000_000L;
    while (cutOff.errors() == 0 && System.nanoTime() < until) {
      Thread.sleep(100);
    }
    require(cutOff.errors() > 0, "the writer on the old node got no error");
    require(cutOff.last() <= seen, "record " + cutOff.last() + " was acknowledged after the fence");
    require(seen <= cutOff.last() + 1, "the old node wrote " + seen + " past " + cutOff.last());
    say(
        "   the writer there got errors; nothing was acknowledged to it after the fence"
            + after(started));
  }

  private void awaitHealed(long started) throws IOException, InterruptedException {
    Copies.Resync resync = copies.awaitInSync(NEW, COPIES);
    say(
        line("d) the link of %s is back: all copies in sync again, resync of %s", OLD, resync)
            + after(started));
    removals.during("it did not know that it was fenced", Set.of(), LAST_WISHES);
    volume.unmount(OLD);
    load.await(50, STANDSTILL_SECONDS);
  }

  private void compare() throws IOException, InterruptedException {
    long acknowledged = load.last();
    load.close();
    String after = checksums(NEW);
    require(after.equals(checksum), "files changed: " + checksum + " became " + after);
    long there = Load.check(cluster, NEW, loadFile(NEW));
    require(there >= acknowledged, "record " + acknowledged + " is lost, " + there + " is there");
    volume.unmount(NEW);
    var _ = copies.awaitInSync(NEW, COPIES);
    copies.requireIdentical(List.of(OLD, NEW, REPLICA));
    say(line("%d records and all files are as written; the three copies are identical", there));
    volume.detach(NEW);
    volume.delete();
    removals.none();
  }
}
