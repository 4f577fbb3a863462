package io.ashlar.store;

import io.ashlar.block.BlockKind;
import java.util.OptionalLong;

/** Where on the disk a block is, for tests that damage it there. */
public final class StoreProbe {
  private StoreProbe() {}

  /**
   * Offset of a block's bytes if its segment is closed: of an open one a damaged batch may be taken
   * for one that was torn in flight, until a later batch says that it was durable.
   */
  public static OptionalLong settledOffset(ReplicaStore store, long block) {
    ReplicaContent content = ((LogReplica) store).content();
    int place = content.blocks().place(block);
    boolean settled =
        place != 0
            && content.segments().state(content.segments().segmentOf(place))
                == Segments.State.CLOSED;
    return settled ? offset(store, block) : OptionalLong.empty();
  }

  /** Offset of a block's bytes; empty if it holds no data. */
  public static OptionalLong offset(ReplicaStore store, long block) {
    boolean data = store.peek(block, 1).kinds()[0] == BlockKind.DATA;
    int place = ((LogReplica) store).content().blocks().place(block);
    return data && place != 0
        ? OptionalLong.of(Integer.toUnsignedLong(place) << Format.PAGE_SHIFT)
        : OptionalLong.empty();
  }
}
