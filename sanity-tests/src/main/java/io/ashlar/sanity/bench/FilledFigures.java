package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.DevCluster;
import io.ashlar.sanity.cluster.OneNode;
import io.ashlar.sanity.cluster.ProcessFile;
import io.ashlar.sanity.cluster.Restarts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A volume that has every block: what its map takes on the disk, once written in order and once in
 * random order, and what a start reads after the daemon was killed.
 */
final class FilledFigures {
  private static final int MEBIBYTE = 1 << 20;
  private static final long LOAD_BYTES = 16L * MEBIBYTE;
  private static final int MEBIBYTES_A_GIBIBYTE = 1024; // and as many GiB are a TiB
  private static final int KILLS_MAX = 6;
  private static final int SLOWEST = 5; // MiB a second, before it counts as hanging
  private static final int SPARE_SECONDS = 120;
  private static final int STEPS_MAX = 100;

  private final DevCluster cluster;
  private final OneNode node;

  FilledFigures(DevCluster cluster, OneNode node) {
    this.cluster = cluster;
    this.node = node;
  }

  void run(int mebibytes) throws IOException, InterruptedException {
    final long freeAtFirst = node.freeBytes();
    CsiVolume load = node.volume("load", LOAD_BYTES);
    CsiVolume volume = node.volume("filled", (long) mebibytes * MEBIBYTE);
    // Space that is promised to a coordinator counts as taken: so it is compared once it has some.
    int first = mebibytes / 8;
    write(volume, first, "--rw=write", "--bs=1m", "--iodepth=4");
    final long freeAtEighth = node.unusedBytes();
    int rest = mebibytes - first;
    write(volume, rest, "--rw=write", "--bs=1m", "--iodepth=4", "--offset=" + first + "m");
    final long freeInOrder = node.unusedBytes();
    double inOrder = (freeAtEighth - freeInOrder) / (double) MEBIBYTE / rest - 1;
    space("in order, 1 MiB each", inOrder, mebibytes);
    write(volume, mebibytes, "--rw=randwrite", "--bs=4k", "--iodepth=32", "--randseed=1");
    double more = (freeInOrder - node.unusedBytes()) / (double) MEBIBYTE / mebibytes;
    space("anew in random order, 4 KiB each", inOrder + more, mebibytes);
    restarts(load, volume, mebibytes);
    verify(volume, mebibytes);
    node.release(load);
    node.release(volume);
    node.awaitFree(freeAtFirst); // so that what follows does not pay for it
  }

  /**
   * @param besides bytes that a byte of data takes besides itself
   */
  private void space(String how, double besides, int mebibytes)
      throws IOException, InterruptedException {
    say(
        line(
            "%d MiB written %s: map and other upkeep take %.2f MiB per mapped GiB (measured), %.2f"
                + " GiB per mapped TiB (extrapolated); node daemon %s",
            mebibytes,
            how,
            besides * MEBIBYTES_A_GIBIBYTE,
            besides * MEBIBYTES_A_GIBIBYTE,
            ProcessFile.memory(node.daemon())));
  }

  /**
   * The store bounds what a crash has to read, so kills are spread over the distance from one
   * checkpoint to the next; the last one comes right after a checkpoint.
   */
  private void restarts(CsiVolume load, CsiVolume volume, int mebibytes)
      throws IOException, InterruptedException {
    List<Restarts.Restart> all = new ArrayList<>();
    int between = Math.clamp(mebibytes / 80, 48, 224);
    try (Restarts restarts = Restarts.on(cluster, node, load)) {
      int kills = Math.clamp(mebibytes / 2048, 1, KILLS_MAX);
      for (int kill = 0; kill < kills; kill++) {
        write(
            volume,
            between,
            "--rw=randwrite",
            "--bs=4k",
            "--iodepth=32",
            "--randseed=" + (kill + 2));
        all.add(kill(restarts, volume));
        say(restart("killed after " + between + " MiB more of 4 KiB writes", all.getLast()));
      }
      awaitCheckpoint(volume);
      say(restart("killed soon after a checkpoint", kill(restarts, volume)));
      restarts.finish();
    }
    double[] stalls = all.stream().mapToDouble(Restarts.Restart::stallSeconds).sorted().toArray();
    long[] millis = all.stream().mapToLong(each -> each.opening().millis()).sorted().toArray();
    say(
        line(
            "restarts with %d MiB in the log: disk opened in median %d, worst %d ms; stall median"
                + " %.2f, worst %.2f s",
            mebibytes,
            millis[millis.length / 2],
            millis[millis.length - 1],
            stalls[stalls.length / 2],
            Arrays.stream(stalls).max().orElseThrow()));
  }

  private Restarts.Restart kill(Restarts restarts, CsiVolume volume)
      throws IOException, InterruptedException {
    Restarts.Restart restart = restarts.kill();
    for (int i = 0; !cluster.exports(OneNode.NAME).contains("\"" + volume.id()); i++) {
      if (i == SPARE_SECONDS) {
        throw new IOException("the volume is not served over NBD any more");
      }
      Thread.sleep(1000);
    }
    return restart;
  }

  private static String restart(String when, Restarts.Restart restart) {
    OneNode.Opening opening = restart.opening();
    return line(
        "  %s: the start read %d segments of 64 MiB with %d entries; disk opened in %d ms; a client"
            + " stood still for %.2f s",
        when, opening.segments(), opening.entries(), opening.millis(), restart.stallSeconds());
  }

  private void awaitCheckpoint(CsiVolume volume) throws IOException, InterruptedException {
    double before = checkpoints();
    for (int step = 0; checkpoints() == before; step++) {
      if (step == STEPS_MAX) {
        throw new IOException("no checkpoint comes");
      }
      write(volume, 16, "--rw=randwrite", "--bs=4k", "--iodepth=32", "--randseed=" + (step + 10));
      Thread.sleep(1100); // metrics are brought up to date once a second
    }
  }

  private double checkpoints() throws InterruptedException {
    return cluster.diskMetric(OneNode.NAME, "ashlar_disk_checkpoints_total").orElse(0);
  }

  /** All of it was written in blocks of 4 KiB once, whatever was before. */
  private void verify(CsiVolume volume, int mebibytes) throws IOException, InterruptedException {
    fio(volume, mebibytes, "--rw=read", "--bs=4k", "--iodepth=32");
    say(line("  all %d MiB read and right", mebibytes));
  }

  private void write(CsiVolume volume, int mebibytes, String... how)
      throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(List.of(how));
    options.add("--do_verify=0");
    fio(volume, mebibytes, options.toArray(String[]::new));
  }

  private void fio(CsiVolume volume, int mebibytes, String... how)
      throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(List.of(how));
    options.add("--io_size=" + mebibytes + "m");
    options.addAll(Verified.OPTIONS);
    var _ =
        node.fioOverNbd(
            volume, SPARE_SECONDS + mebibytes / SLOWEST, options.toArray(String[]::new));
  }
}
