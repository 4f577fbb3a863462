package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Version;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a replica holds as of the last applied entry: made by recovery, kept by the log's end.
 *
 * <p>A block's state is that of the entry with the highest position that covers it. Recovery meets
 * entries in the order of the log; blocks are moved only while they are current, so a block met
 * later is newer. Only ranges are written again with their old birth, and may therefore be met
 * after newer blocks: {@link #applyRange} leaves those alone.
 */
final class ReplicaContent {
  private final int number;
  private final Segments segments;
  private final BlockMap blocks = new BlockMap();
  private final RangeMap ranges = new RangeMap();
  private final ExtentTable extents = new ExtentTable();
  private ReplicaMeta writtenMeta;
  private int metaSegment = -1;
  private int progressSegment = -1;
  private long watermark;
  private long durableVersion;
  private boolean progressNoted;

  ReplicaContent(int number, Segments segments) {
    this.number = number;
    this.segments = segments;
  }

  int number() {
    return number;
  }

  Segments segments() {
    return segments;
  }

  BlockMap blocks() {
    return blocks;
  }

  RangeMap ranges() {
    return ranges;
  }

  ExtentTable extents() {
    return extents;
  }

  /** The last one in the log, with the progress known; null before the first. */
  ReplicaMeta writtenMeta() {
    return writtenMeta;
  }

  int metaSegment() {
    return metaSegment;
  }

  int progressSegment() {
    return progressSegment;
  }

  long watermark() {
    return watermark;
  }

  long durableVersion() {
    return durableVersion;
  }

  long version(long block) {
    return blocks.place(block) != 0 ? blocks.version(block) : ranges.version(block);
  }

  void applyBlock(LogEntry entry, int place) {
    int former = blocks.put(entry.first(), entry.version(), place, entry.crc());
    if (former == 0) {
      ranges.clear(entry.first(), entry.first() + 1);
    } else {
      segments.live(former, -1);
    }
    segments.live(place, 1);
    extents.raise(entry.first() >>> EXTENT_SHIFT, entry.version());
  }

  /** Collection has written the block anew; it is still at {@code oldPlace} in the map. */
  void moveBlock(LogEntry entry, int place) {
    applyBlock(entry, place);
  }

  /** Makes a range a tombstone or unmapped, except what is newer than {@code birth}. */
  void applyRange(LogEntry entry, long birth) {
    long first = entry.first();
    long end = entry.end();
    List<NewerBlocks.Span> newer = new ArrayList<>();
    blocks.forEach(
        first,
        end,
        (block, version, place) -> {
          if (Long.compareUnsigned(segments.positionOf(place), birth) > 0) {
            addBlock(newer, block);
          } else {
            blocks.remove(block);
            segments.live(place, -1);
          }
        });
    boolean visible = entry.kind() == EntryKind.TOMBSTONE;
    ranges.put(new RangeMap.Range(first, end, entry.version(), birth, visible));
    newer.forEach(span -> ranges.clear(span.first(), span.end()));
    if (visible) {
      raise(first >>> EXTENT_SHIFT, ((end - 1) >>> EXTENT_SHIFT) + 1, entry.version());
    }
  }

  private static void addBlock(List<NewerBlocks.Span> spans, long block) {
    if (!spans.isEmpty() && spans.getLast().end() == block) {
      spans.set(spans.size() - 1, new NewerBlocks.Span(spans.getLast().first(), block + 1));
    } else {
      spans.add(new NewerBlocks.Span(block, block + 1));
    }
  }

  void raise(long firstExtent, long endExtent, long version) {
    for (long extent = firstExtent; extent < endExtent; extent++) {
      extents.raise(extent, version);
    }
  }

  void letGo(long upToVersion) {
    ranges.letGo(upToVersion);
  }

  void applyMeta(ReplicaMeta meta, int segment) {
    if (metaSegment >= 0) {
      segments.liveMeta(metaSegment, -1);
    }
    metaSegment = segment;
    segments.liveMeta(segment, 1);
    watermark = Math.max(watermark, meta.watermark());
    durableVersion = Math.max(durableVersion, meta.durableVersion());
    writtenMeta = meta;
  }

  void applyProgress(LogEntry entry, int segment) {
    watermark = Math.max(watermark, entry.version());
    durableVersion = Math.max(durableVersion, entry.count());
    progressSegment = segment;
  }

  /** The written state with all progress known: what is to be written when it is collected. */
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

  /** The replica is deleted: nothing of it is live any more. */
  void dropAll() {
    blocks.forEach(
        0,
        Long.MAX_VALUE,
        (block, version, place) -> {
          blocks.remove(block);
          segments.live(place, -1);
        });
    if (metaSegment >= 0) {
      segments.liveMeta(metaSegment, -1);
      metaSegment = -1;
    }
    progressSegment = -1;
    ranges.clear(0, Long.MAX_VALUE);
  }

  /**
   * Whether something other than entries being dropped says that the extent has this version: a
   * current block or a tombstone, which stays in the log as long as it is current.
   */
  boolean witnessed(long extent, long version) {
    long first = extent << EXTENT_SHIFT;
    long end = (extent + 1) << EXTENT_SHIFT;
    for (long block = blocks.next(first, end); block >= 0; block = blocks.next(block + 1, end)) {
      if (blocks.version(block) >= version) {
        return true;
      }
    }
    return ranges.touching(first, end).stream()
        .anyMatch(range -> range.visible() && range.version() >= version);
  }

  BlockRun peek(long firstBlock, int count) {
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    int[] crcs = new int[count];
    for (int i = 0; i < count; i++) {
      long block = firstBlock + i;
      versions[i] = version(block);
      if (blocks.place(block) != 0) {
        kinds[i] = BlockKind.DATA;
        crcs[i] = blocks.crc(block);
      } else {
        kinds[i] = versions[i] == Version.NONE ? BlockKind.UNMAPPED : BlockKind.TOMBSTONE;
      }
    }
    return new BlockRun(firstBlock, kinds, versions, crcs, null);
  }

  List<TailEntry> above(long version) {
    List<TailEntry> found = new ArrayList<>();
    long extent = extents.nextAbove(version, 0, Long.MAX_VALUE);
    while (extent >= 0) {
      long first = extent << EXTENT_SHIFT;
      blocks.forEach(
          first,
          first + (1 << EXTENT_SHIFT),
          (block, here, place) -> {
            if (here > version) {
              addToTail(found, block, here);
            }
          });
      extent = extents.nextAbove(version, extent + 1, Long.MAX_VALUE);
    }
    for (RangeMap.Range range : ranges.above(version)) {
      found.add(new TailEntry(range.first(), range.end() - range.first(), range.version(), true));
    }
    found.sort(Comparator.comparingLong(TailEntry::firstBlock));
    return found;
  }

  private static void addToTail(List<TailEntry> tail, long block, long version) {
    TailEntry last = tail.isEmpty() ? null : tail.getLast();
    if (last != null
        && last.firstBlock() + last.blocks() == block
        && last.version() + last.blocks() == version) {
      tail.set(
          tail.size() - 1,
          new TailEntry(last.firstBlock(), last.blocks() + 1, last.version(), false));
    } else {
      tail.add(new TailEntry(block, 1, version, false));
    }
  }
}
