package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.env.Timers;
import io.ashlar.model.Blocks;
import io.ashlar.model.Version;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.MapCache.Need;
import io.ashlar.store.map.NodeReader;
import io.ashlar.store.map.VolumeMap;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Reads the whole log again and again, slowly, and looks whether it is still what was written:
 * damage that nobody reads would else be found when the other copies are gone. Segment after
 * segment, with a pause after each piece. What is damaged and lives is told to the replica, which
 * has it repaired from another copy; damaged nodes are written anew if they are in memory, else
 * lost; a damaged checkpoint is replaced by a new one. Open segments are looked at once closed.
 * Loop thread only.
 */
final class Scrubber {
  /** What scrubbing needs from the engine. */
  interface Host {
    /** The replica of this number, or null if it is gone. */
    LogReplica replica(int number);

    /** A superblock or a piece of a checkpoint is damaged, perhaps of the last one. */
    void checkpointDamaged();
  }

  private static final int PAGES_AT_ONCE = 64;

  private final Disk disk;
  private final PayloadPool pool;
  private final Timers timers;
  private final Segments segments;
  private final SummaryReader summaries;
  private final MapCache cache;
  private final StoreCounters counters;
  private final ScrubPlan plan;
  private final Host host;

  private int segment = -1;
  private List<PlacedEntry> entries = List.of();
  private int next;
  private boolean stopped;

  Scrubber(
      Disk disk,
      PayloadPool pool,
      Timers timers,
      Segments segments,
      SummaryReader summaries,
      MapCache cache,
      StoreCounters counters,
      ScrubPlan plan,
      Host host) {
    this.disk = disk;
    this.pool = pool;
    this.timers = timers;
    this.segments = segments;
    this.summaries = summaries;
    this.cache = cache;
    this.counters = counters;
    this.plan = plan;
    this.host = host;
  }

  /**
   * Begins, and never ends.
   *
   * @param at where to, so that restarts do not always look at the same part
   */
  void start(int at) {
    if (!plan.never()) {
      segment = at;
      pause(segmentBytes(), this::nextSegment);
    }
  }

  /** Which segment is looked at. */
  int position() {
    return Math.max(0, segment);
  }

  void stop() {
    stopped = true;
    summaries.stop();
  }

  private long segmentBytes() {
    return (long) segments.segmentPages() * PAGE_BYTES;
  }

  private void pause(long bytes, Runnable then) {
    timers.after(
        plan.pauseNanos(bytes, disk.sizeBytes()),
        () -> {
          if (!stopped) {
            then.run();
          }
        });
  }

  private void nextSegment() {
    segment = (segment + 1) % segments.count();
    if (segment == 0) {
      checkSuperblocks();
    }
    if (segments.state(segment) != Segments.State.CLOSED || segments.liveUnits(segment) == 0) {
      pause(segmentBytes(), this::nextSegment);
      return;
    }
    segments.pin(segments.place(segment, 0));
    summaries.read(
        segment,
        found -> {
          entries = found == null ? List.of() : found;
          next = 0;
          if (found == null) {
            counters.summaryDamaged();
          }
          nextPiece();
        });
  }

  private void nextPiece() {
    int first = next;
    Span span = null;
    while (next < entries.size()) {
      Span wider = Span.of(span, entries.get(next));
      if (wider.pages() > PAGES_AT_ONCE && next > first) {
        break;
      }
      span = wider;
      next++;
    }
    if (first == next || segments.liveUnits(segment) == 0) {
      entries = List.of();
      segments.unpin(segments.place(segment, 0));
      pause(PAGE_BYTES, this::nextSegment);
    } else {
      read(entries.subList(first, next), span);
    }
  }

  /** Pages of the segment; in a batch those of the entries do not follow the entries' order. */
  private record Span(int from, int end) {
    static Span of(Span former, PlacedEntry more) {
      return former == null
          ? new Span(more.page(), more.endPage())
          : new Span(Math.min(former.from, more.page()), Math.max(former.end, more.endPage()));
    }

    int pages() {
      return end - from;
    }
  }

  /** One piece may be larger than the others: an entry that alone is. */
  private void read(List<PlacedEntry> some, Span span) {
    int from = span.from;
    int pages = Math.min(span.end, segments.segmentPages()) - from;
    Payload bytes = pool.lease(pages * PAGE_BYTES);
    disk.read(
        segments.offsetBytes(segment, from),
        bytes.view(),
        errno -> {
          if (!stopped) {
            counters.scrubbed((long) pages * PAGE_BYTES);
            for (PlacedEntry placed : some) {
              check(placed, errno == 0 ? bytes.view() : null, from);
            }
            pause((long) pages * PAGE_BYTES, this::nextPiece);
          }
          bytes.release();
        });
  }

  /**
   * @param bytes null: some of them cannot be read, so each that lives is looked at by itself
   */
  private void check(PlacedEntry placed, ByteBuffer bytes, int firstPage) {
    LogEntry entry = placed.entry();
    int at = (placed.page() - firstPage) * PAGE_BYTES + placed.offsetBytes();
    switch (entry.kind()) {
      case DATA, BAD -> {
        boolean good = entry.kind() == EntryKind.DATA && bytes != null;
        if (!good || Format.crc(bytes, at, entry.storedBytes()) != entry.crc()) {
          blockDamaged(placed);
        }
      }
      case NODE -> {
        NodeReader.Finding finding =
            bytes == null ? NodeReader.Finding.DAMAGED : checkNode(entry, bytes, at);
        if (finding != NodeReader.Finding.WHOLE) {
          nodeDamaged(placed, finding);
        }
      }
      case CHECKPOINT -> {
        int length = (int) entry.version();
        if (bytes == null || Format.crc(bytes, at, length) != entry.crc()) {
          host.checkpointDamaged();
        }
      }
      default -> {}
    }
  }

  private static NodeReader.Finding checkNode(LogEntry entry, ByteBuffer bytes, int at) {
    ByteBuffer node = bytes.slice(at + (int) entry.count(), entry.storedBytes());
    return NodeReader.check(
        Format.littleEndian(node), entry.replica(), !entry.flag(), entry.first());
  }

  private void blockDamaged(PlacedEntry placed) {
    long block = placed.entry().first();
    long place = placed.place(segments, segment);
    hold(
        placed,
        block,
        Need.READ,
        replica -> {
          if (replica.content().map().place(block) == place) {
            counters.corrupt(1);
            replica.damages().add(block >>> Blocks.EXTENT_SHIFT);
          }
        });
  }

  /** A node that is not in memory is read by this, and found to be lost. */
  private void nodeDamaged(PlacedEntry placed, NodeReader.Finding finding) {
    LogEntry entry = placed.entry();
    boolean above = entry.flag();
    int page = segments.place(segment, placed.page()) + (int) entry.count() / PAGE_BYTES;
    int offset = (int) entry.count() % PAGE_BYTES;
    long firstExtent = above ? VolumeMap.firstExtentOf(entry.first()) : entry.first();
    hold(
        placed,
        firstExtent << Blocks.EXTENT_SHIFT,
        above ? Need.ABOVE : Need.READ,
        replica -> {
          boolean lives =
              finding == NodeReader.Finding.LOST
                  ? replica.content().map().isAt(above, entry.first(), page, offset)
                  : replica.content().map().rewriteIfAt(above, entry.first(), page, offset);
          if (lives && finding == NodeReader.Finding.LOST) {
            replica.damages().add(firstExtent, above ? VolumeMap.EXTENTS_IN_NODE : 1);
          }
        });
  }

  private interface Look {
    void look(LogReplica replica);
  }

  private void hold(PlacedEntry placed, long block, Need need, Look look) {
    LogReplica replica = host.replica(placed.entry().replica());
    if (replica == null) {
      return;
    }
    cache.hold(
        replica.content().map(),
        block,
        block + 1,
        need,
        Version.NONE,
        (Hold hold) -> {
          if (hold != null && !stopped) {
            if (!replica.isDropped()) {
              look.look(replica);
            }
            hold.release();
          }
        });
  }

  /** Both are written with each checkpoint. */
  private void checkSuperblocks() {
    checkSuperblock(Format.SUPERBLOCK_A_OFFSET);
    checkSuperblock(Format.SUPERBLOCK_B_OFFSET);
  }

  private void checkSuperblock(long offset) {
    Payload page = pool.lease(PAGE_BYTES);
    disk.read(
        offset,
        page.view(),
        errno -> {
          if (!stopped && (errno != 0 || !Superblock.isWhole(page.view()))) {
            host.checkpointDamaged();
          }
          page.release();
        });
  }
}
