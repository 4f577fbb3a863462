package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockDevice.MappedCallback;
import io.ashlar.block.BlockDevice.Run;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.MappedRuns;
import java.util.List;

/**
 * Tells which parts of a range hold data. It reads the blocks the way any read does, so its answer
 * obeys the same leases; a range is cut off after what one read covers, which the callers' protocol
 * allows. Loop thread only.
 */
final class MappedPath {
  private static final int BLOCKS_MAX = 256;

  private final ReadPath reads;
  private final CoordinatorContext context;

  MappedPath(ReadPath reads, CoordinatorContext context) {
    this.reads = reads;
    this.context = context;
  }

  void ask(long offsetBytes, long lengthBytes, MappedCallback done) {
    long size = context.sizeBytes();
    if (offsetBytes < 0 || lengthBytes <= 0 || offsetBytes > size - lengthBytes) {
      done.done(Status.INVALID, List.of());
      return;
    }
    long first = offsetBytes / BLOCK_BYTES;
    long end = (offsetBytes + lengthBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    int count = (int) Math.min(BLOCKS_MAX, end - first);
    reads.read(
        first,
        count,
        (status, run) -> {
          if (status == Status.OK) {
            List<Run> runs = MappedRuns.of(run, offsetBytes, offsetBytes + lengthBytes);
            run.release();
            done.done(status, runs);
          } else {
            done.done(status, List.of());
          }
        });
  }
}
