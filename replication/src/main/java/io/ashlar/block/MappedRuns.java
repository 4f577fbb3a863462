package io.ashlar.block;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.BlockDevice.Run;
import java.util.ArrayList;
import java.util.List;

/** What a run of blocks says about which bytes of a range hold data. */
public final class MappedRuns {
  private MappedRuns() {}

  /** Alternating runs from {@code offsetBytes} on, to the end of the range or of the blocks. */
  public static List<Run> of(BlockRun blocks, long offsetBytes, long endBytes) {
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < blocks.count(); i++) {
      long start = (blocks.firstBlock() + i) * BLOCK_BYTES;
      long length = Math.min(endBytes, start + BLOCK_BYTES) - Math.max(offsetBytes, start);
      BlockKind kind = blocks.kinds()[i];
      boolean mapped = kind == BlockKind.DATA || kind == BlockKind.CORRUPT;
      Run last = runs.isEmpty() ? null : runs.getLast();
      if (last != null && last.mapped() == mapped) {
        runs.set(runs.size() - 1, new Run(last.lengthBytes() + length, mapped));
      } else {
        runs.add(new Run(length, mapped));
      }
    }
    return runs;
  }
}
