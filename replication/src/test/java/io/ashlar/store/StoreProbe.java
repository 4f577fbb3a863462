package io.ashlar.store;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import java.util.OptionalLong;

/** Where on the disk a block is, for tests that damage it there. */
public final class StoreProbe {
  private StoreProbe() {}

  /** What the map says at this moment. */
  public static BlockRun peek(ReplicaStore store, long firstBlock, int count) {
    return ((LogReplica) store).content().peek(firstBlock, count);
  }

  public static long version(ReplicaStore store, long block) {
    return ((LogReplica) store).content().version(block);
  }

  static long extentVersion(ReplicaStore store, long extent) {
    return ((LogReplica) store).content().extents().get(extent);
  }

  /**
   * Offset of a block's bytes if its segment is closed for good: until its summary is durable, a
   * damaged batch at its end may be taken for one that was torn in flight. The sync that closes a
   * later segment covers it.
   */
  public static OptionalLong settledOffset(ReplicaStore store, long block) {
    ReplicaContent content = ((LogReplica) store).content();
    int place = content.blocks().place(block);
    boolean settled = place != 0 && isSettled(content.segments(), place);
    return settled ? offset(store, block) : OptionalLong.empty();
  }

  private static boolean isSettled(Segments segments, int place) {
    int mine = segments.segmentOf(place);
    int closedLater = 0;
    for (int other = 0; other < segments.count(); other++) {
      boolean closed = segments.state(other) == Segments.State.CLOSED;
      closedLater += closed && segments.sequence(other) > segments.sequence(mine) ? 1 : 0;
    }
    return segments.state(mine) == Segments.State.CLOSED && closedLater >= 2;
  }

  /** The block whose bytes came last into the log; empty if they are settled. */
  public static OptionalLong newestBlock(ReplicaStore store, long blocks) {
    ReplicaContent content = ((LogReplica) store).content();
    long newest = -1;
    for (long block = 0; block < blocks; block++) {
      int place = content.blocks().place(block);
      boolean later =
          place != 0
              && (newest < 0
                  || content.segments().positionOf(place)
                      > content.segments().positionOf(content.blocks().place(newest)));
      newest = later ? block : newest;
    }
    boolean open = newest >= 0 && settledOffset(store, newest).isEmpty();
    return open ? OptionalLong.of(newest) : OptionalLong.empty();
  }

  /** Offset of a block's bytes; empty if it holds no data. */
  public static OptionalLong offset(ReplicaStore store, long block) {
    boolean data = peek(store, block, 1).kinds()[0] == BlockKind.DATA;
    int place = ((LogReplica) store).content().blocks().place(block);
    return data && place != 0
        ? OptionalLong.of(Integer.toUnsignedLong(place) << Format.PAGE_SHIFT)
        : OptionalLong.empty();
  }
}
