package io.ashlar.store;

import io.ashlar.block.BlockKind;
import java.util.OptionalLong;

/** Where on the disk a block is, for tests that damage it there. */
public final class StoreProbe {
  private StoreProbe() {}

  /** The version up to which everything is durable. */
  public static long durableVersion(ReplicaStore store) {
    return ((LogReplica) store).content().durableVersion();
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
