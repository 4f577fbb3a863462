package io.ashlar.store;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.store.map.NodeWord;
import io.ashlar.store.map.Place;
import io.ashlar.store.map.Shard;
import io.ashlar.store.map.VolumeMap;
import io.ashlar.store.pool.PoolReplica;
import java.util.OptionalLong;

/** Where on the disk a block is, for tests that damage it there. */
public final class StoreProbe {
  private StoreProbe() {}

  /** The part of the replica that has the block; null if no disk has. */
  private static LogReplica part(ReplicaStore store, long block) {
    return store instanceof PoolReplica spread ? spread.partOf(block) : (LogReplica) store;
  }

  /** Id of the disk that has the block. */
  public static long diskId(ReplicaStore store, long block) {
    return part(store, block).diskId();
  }

  /** What the map says at this moment, read in a blocking way where it is not in memory. */
  public static BlockRun peek(ReplicaStore store, long firstBlock, int count) {
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    int[] crcs = new int[count];
    for (int i = 0; i < count; i++) {
      kinds[i] = BlockKind.UNMAPPED;
      if (part(store, firstBlock + i) != null) {
        load(store, firstBlock + i, 1);
        BlockRun one = part(store, firstBlock + i).content().peek(firstBlock + i, 1);
        kinds[i] = one.kinds()[0];
        versions[i] = one.versions()[0];
        crcs[i] = one.crcs()[0];
      }
    }
    return new BlockRun(firstBlock, kinds, versions, crcs, null);
  }

  private static void load(ReplicaStore store, long firstBlock, int count) {
    part(store, firstBlock).content().map().loadNow(firstBlock, firstBlock + count);
  }

  public static long version(ReplicaStore store, long block) {
    if (part(store, block) == null) {
      return 0;
    }
    load(store, block, 1);
    return part(store, block).content().map().version(block);
  }

  static long extentVersion(ReplicaStore store, long extent) {
    load(store, extent * 64, 1);
    return ((LogReplica) store).content().map().extentVersion(extent);
  }

  /** Where the block's part of the map is; empty if it is not on the disk. */
  static OptionalLong leafOffset(ReplicaStore store, long block) {
    load(store, block, 1);
    return offset(((LogReplica) store).content().map().leafWord(block / 64));
  }

  /** The same for the node above that. */
  static OptionalLong midOffset(ReplicaStore store, long block) {
    load(store, block, 1);
    return offset(((LogReplica) store).content().map().midWord(block / 64));
  }

  private static OptionalLong offset(long word) {
    long page = Integer.toUnsignedLong(NodeWord.place(word)) << Format.PAGE_SHIFT;
    return NodeWord.isNode(word)
        ? OptionalLong.of(page + NodeWord.offsetBytes(word))
        : OptionalLong.empty();
  }

  static long letGo(ReplicaStore store) {
    return ((LogReplica) store).content().map().letGo();
  }

  /**
   * Units that live on the disk, found by going through all maps; the engine has come to rest. It
   * has to be what the engine has counted ({@link Segments#liveTotal}).
   */
  static long liveUnits(LogStore store) {
    long units = 0;
    for (ReplicaStore replica : store.replicas()) {
      VolumeMap map = ((LogReplica) replica).content().map();
      for (Shard shard : map.shards()) {
        units += liveUnits(map, shard);
      }
    }
    return units;
  }

  private static long liveUnits(VolumeMap map, Shard shard) {
    long[] units = new long[1];
    map.visitNow(
        shard.number(),
        (block, version, place) ->
            units[0] +=
                place == Place.NONE || place == Place.LOST
                    ? 0
                    : Place.liveUnits(BlockSeal.lengthOf(map.seal(block))));
    for (int i = 0; i < Shard.MIDS; i++) {
      long first = VolumeMap.firstExtentOf((long) shard.number() * Shard.MIDS + i);
      units[0] += unitsOf(shard.word(i));
      for (int extent = 0; shard.version(i) > 0 && extent < VolumeMap.EXTENTS_IN_NODE; extent++) {
        map.loadNow((first + extent) * 64, (first + extent) * 64 + 1);
        units[0] += unitsOf(map.leafWord(first + extent));
      }
    }
    return units[0];
  }

  private static long unitsOf(long word) {
    return NodeWord.isNode(word) ? NodeWord.lengthBytes(word) / NodeWord.UNIT_BYTES : 0;
  }

  private static long place(ReplicaStore store, long block) {
    if (part(store, block) == null) {
      return 0;
    }
    load(store, block, 1);
    return part(store, block).content().map().place(block);
  }

  private static Segments segments(ReplicaStore store, long block) {
    return part(store, block).segments();
  }

  /**
   * Offset of a block's bytes if its segment is closed for good: until its summary is durable, a
   * damaged batch at its end may be taken for one that was torn in flight. The sync that closes a
   * later segment covers it.
   */
  public static OptionalLong settledOffset(ReplicaStore store, long block) {
    long place = place(store, block);
    boolean settled = place != 0 && isSettled(segments(store, block), place);
    return settled ? offset(store, block) : OptionalLong.empty();
  }

  private static boolean isSettled(Segments segments, long place) {
    int mine = segments.segmentOf(Place.page(place));
    int closedLater = 0;
    for (int other = 0; other < segments.count(); other++) {
      boolean closed = segments.state(other) == Segments.State.CLOSED;
      closedLater += closed && segments.sequence(other) > segments.sequence(mine) ? 1 : 0;
    }
    return segments.state(mine) == Segments.State.CLOSED && closedLater >= 2;
  }

  /**
   * The block whose bytes came last into the log of the disk that has the highest version; empty if
   * they are settled.
   */
  public static OptionalLong newestBlock(ReplicaStore store, long blocks) {
    long highest = 0;
    for (long block = 0; block < blocks; block++) {
      highest = version(store, block) > version(store, highest) ? block : highest;
    }
    LogReplica part = part(store, highest);
    long newest = -1;
    for (long block = 0; block < blocks; block++) {
      boolean later =
          part(store, block) == part
              && place(store, block) != 0
              && (newest < 0 || position(store, block) > position(store, newest));
      newest = later ? block : newest;
    }
    boolean open = newest >= 0 && settledOffset(store, newest).isEmpty();
    return open ? OptionalLong.of(newest) : OptionalLong.empty();
  }

  private static long position(ReplicaStore store, long block) {
    Segments segments = segments(store, block);
    long place = place(store, block);
    int page = Place.page(place);
    long inSegment = (long) segments.pageOf(page) * Format.PAGE_BYTES + Place.offsetBytes(place);
    return segments.sequence(segments.segmentOf(page)) << Integer.SIZE | inSegment;
  }

  /** Length of what is stored for a block that holds data. */
  public static int storedBytes(ReplicaStore store, long block) {
    load(store, block, 1);
    return BlockSeal.lengthOf(part(store, block).content().map().seal(block));
  }

  /** Offset of a block's bytes; empty if it holds no data. */
  public static OptionalLong offset(ReplicaStore store, long block) {
    long place = place(store, block);
    return place != 0
        ? OptionalLong.of(
            (Integer.toUnsignedLong(Place.page(place)) << Format.PAGE_SHIFT)
                + Place.offsetBytes(place))
        : OptionalLong.empty();
  }
}
