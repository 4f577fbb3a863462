package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.TailEntry;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Version;
import io.ashlar.store.map.Place;
import io.ashlar.store.map.VolumeMap;
import java.util.List;

/** What a replica holds as of the last applied entry: its map, its small state, its progress. */
final class ReplicaContent {
  private final int number;
  private final VolumeMap map;
  private ReplicaMeta writtenMeta;
  private long watermark;
  private long durableVersion;
  private boolean progressNoted;

  ReplicaContent(int number, VolumeMap map) {
    this.number = number;
    this.map = map;
  }

  int number() {
    return number;
  }

  VolumeMap map() {
    return map;
  }

  /** The last one in the log, with the progress known; null before the first. */
  ReplicaMeta writtenMeta() {
    return writtenMeta;
  }

  long watermark() {
    return watermark;
  }

  long durableVersion() {
    return durableVersion;
  }

  /** An entry of the log that changes the map, in the order of the log. */
  void apply(LogEntry entry, long place) {
    switch (entry.kind()) {
      case DATA -> map.put(entry.first(), entry.version(), place, entry.crc(), entry.seal());
      case TOMBSTONE -> map.assign(entry.first(), entry.end(), entry.version());
      case UNMAPPED -> map.assign(entry.first(), entry.end(), Version.NONE);
      case EXTENTS -> map.raise(entry.first(), entry.end(), entry.version());
      case PROGRESS -> applyProgress(entry);
      case BAD, META, DELETE, BATCH, NODE, CHECKPOINT ->
          throw new IllegalArgumentException(entry.kind() + " does not change a map");
    }
  }

  /** The same when the log is read again: what collection moved is told by its version then. */
  void replay(LogEntry entry, long place) {
    if (entry.kind() == EntryKind.DATA && entry.flag()) {
      map.moveVersion(entry.first(), entry.version(), place);
    } else {
      apply(entry, place);
    }
  }

  void applyMeta(ReplicaMeta meta) {
    watermark = Math.max(watermark, meta.watermark());
    durableVersion = Math.max(durableVersion, meta.durableVersion());
    writtenMeta = meta;
  }

  private void applyProgress(LogEntry entry) {
    watermark = Math.max(watermark, entry.version());
    durableVersion = Math.max(durableVersion, entry.count());
  }

  /** The written state with all progress known: what a checkpoint keeps. */
  ReplicaMeta currentMeta() {
    return writtenMeta.withProgress(watermark, durableVersion);
  }

  /** True if there is something new to write, and it is not on its way already. */
  boolean noteProgress(long nextWatermark, long nextDurableVersion) {
    boolean grows = nextWatermark > watermark || nextDurableVersion > durableVersion;
    watermark = Math.max(watermark, nextWatermark);
    durableVersion = Math.max(durableVersion, nextDurableVersion);
    boolean first = grows && !progressNoted;
    progressNoted |= grows;
    return first;
  }

  LogEntry takeProgress() {
    progressNoted = false;
    return LogEntry.progress(number, watermark, durableVersion);
  }

  /** The map of these blocks is in memory. */
  BlockRun peek(long firstBlock, int count) {
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    int[] crcs = new int[count];
    BlockSeal[] seals = null;
    for (int i = 0; i < count; i++) {
      long block = firstBlock + i;
      versions[i] = map.version(block);
      long place = map.place(block);
      if (place == Place.LOST) {
        kinds[i] = BlockKind.CORRUPT;
      } else if (place != Place.NONE) {
        kinds[i] = BlockKind.DATA;
        crcs[i] = map.crc(block);
        BlockSeal seal = map.seal(block);
        if (seal != null) {
          seals = seals == null ? new BlockSeal[count] : seals;
          seals[i] = seal;
        }
      } else {
        kinds[i] = versions[i] == Version.NONE ? BlockKind.UNMAPPED : BlockKind.TOMBSTONE;
      }
    }
    return new BlockRun(firstBlock, kinds, versions, crcs, seals, null);
  }

  /** Adds what an extent, whose map is in memory, holds above a version. */
  void addAbove(long extent, long version, List<TailEntry> tail) {
    long first = extent * EXTENT_BLOCKS;
    BlockRun blocks = peek(first, EXTENT_BLOCKS);
    for (int i = 0; i < EXTENT_BLOCKS; i++) {
      if (blocks.versions()[i] > version) {
        boolean tombstone = blocks.kinds()[i] == BlockKind.TOMBSTONE;
        add(tail, new TailEntry(first + i, 1, blocks.versions()[i], tombstone));
      }
    }
  }

  /** Joins neighbours that one entry can tell of. */
  static void add(List<TailEntry> tail, TailEntry next) {
    TailEntry last = tail.isEmpty() ? null : tail.getLast();
    boolean joins =
        last != null
            && last.tombstone() == next.tombstone()
            && last.endBlock() == next.firstBlock()
            && next.version() == last.version() + (last.tombstone() ? 0 : last.blocks());
    if (joins) {
      tail.set(
          tail.size() - 1,
          new TailEntry(
              last.firstBlock(), last.blocks() + next.blocks(), last.version(), last.tombstone()));
    } else {
      tail.add(next);
    }
  }
}
