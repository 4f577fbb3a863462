package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.line;
import static io.ashlar.sanity.cluster.Report.say;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.sanity.cluster.CsiVolume;
import io.ashlar.sanity.cluster.OneNode;
import io.ashlar.sanity.cluster.ProcessFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Single blocks written all over a volume whose map is far larger than the memory for maps: the
 * worst that a map can meet.
 */
final class WideMapFigures {
  private static final long SIZE_BYTES = 1L << 40;
  private static final int BLOCK_BYTES = 4096;

  private static final int PARTS = 10;

  private static final int DEPTH = 32;
  private static final int SLOWEST = 200; // writes a second, before it counts as hanging
  private static final int SPARE_SECONDS = 120;

  private final OneNode node;
  private final ObjectMapper json = new ObjectMapper();

  WideMapFigures(OneNode node) {
    this.node = node;
  }

  void run(long writes) throws IOException, InterruptedException {
    CsiVolume volume = node.volume("wide", SIZE_BYTES);
    final long writtenBefore = node.writtenBytes();
    final String memoryBefore = ProcessFile.memory(node.daemon());
    long each = writes / PARTS;
    double[] rates = new double[PARTS];
    long freeAfterFirst = 0; // what is promised to the coordinator is taken by then
    for (int part = 0; part < PARTS; part++) {
      rates[part] = fio(volume, part, each, "write", "--do_verify=0");
      freeAfterFirst = part == 0 ? node.unusedBytes() : freeAfterFirst;
    }
    long accepted = each * PARTS * BLOCK_BYTES;
    say(
        line(
            "1 TiB, %d random writes of 4 KiB all over it at QD%d: %.0f a second in the first"
                + " tenth, %.0f in the last, slowest %.0f; bytes written per byte accepted %.2f;"
                + " space taken per byte accepted %.2f",
            each * PARTS,
            DEPTH,
            rates[0],
            rates[PARTS - 1],
            Arrays.stream(rates).min().orElseThrow(),
            (node.writtenBytes() - writtenBefore) / (double) accepted,
            (freeAfterFirst - node.unusedBytes()) / (accepted * (PARTS - 1.0) / PARTS)));
    say(line("  node daemon before: %s", memoryBefore));
    say(line("  node daemon after:  %s", ProcessFile.memory(node.daemon())));
    for (int part : new int[] {0, PARTS - 1}) {
      double rate = fio(volume, part, each, "read", "--verify_only=1");
      say(line("  %d blocks of tenth %d read and right, %.0f a second", each, part + 1, rate));
    }
    node.release(volume);
  }

  /** Goes to the places of this part, and says how many it had in a second. */
  private double fio(CsiVolume volume, int part, long count, String side, String more)
      throws IOException, InterruptedException {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--bs=" + BLOCK_BYTES,
                "--rw=randwrite",
                "--size=" + SIZE_BYTES,
                "--io_size=" + count * BLOCK_BYTES,
                "--iodepth=" + DEPTH,
                "--randseed=" + (part + 1)));
    options.addAll(Verified.OPTIONS);
    options.add(more);
    String output =
        node.fioOverNbd(volume, SPARE_SECONDS + count / SLOWEST, options.toArray(String[]::new));
    JsonNode figures = json.readTree(output).path("jobs").path(0).path(side);
    if (figures.path("total_ios").asLong() != count) {
      throw new IOException("fio did not " + side + ' ' + count + " blocks: " + figures);
    }
    return figures.path("iops").asDouble();
  }
}
