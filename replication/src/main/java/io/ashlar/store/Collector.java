package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes free segments: takes the one that frees most, writes what still matters of it again at the
 * end of the log, syncs, has the log say that it is durable (or damage to it would be taken for a
 * torn write, when the original is gone), wipes its first and last page, syncs, and frees it. One
 * segment at a time.
 *
 * <p>What still matters, and why dropping the rest is safe. A block's state is the entry with the
 * highest position that covers it; so an entry may go if it is not the current one, and a current
 * one without data may go if nothing lower is left to be covered:
 *
 * <ul>
 *   <li>DATA, BAD: while the map points at it. It moves verbatim; its position rises, which nothing
 *       can stand between, as it is current.
 *   <li>TOMBSTONE, UNMAPPED: while part of it is current ({@link RangeMap}) and either readers see
 *       it or a segment that is not FREE may hold something older than its birth. It keeps its
 *       birth, so it never covers what came after it.
 *   <li>DELETE: while a segment that is not FREE may hold something older than its birth.
 *   <li>META, PROGRESS: the last one of each replica, with the values of the moment.
 *   <li>EXTENTS, and the version that a dropped entry gave to its extent: if that is the extent's
 *       version and neither a current block nor a tombstone outside of this segment says so too.
 * </ul>
 *
 * "May hold" is what {@link Segments} says: everything ever written to it, until it is wiped
 * durably. What made an entry superfluous is applied before the first sync begins, so it is durable
 * before the wipe. Versions of extents are looked at last, when nothing in the segment is current.
 */
final class Collector {
  /** What the collector needs from the engine. */
  interface Host {
    /** The replica of this number, or null if it is gone. */
    LogReplica replica(int number);

    /** Has a batch written that says that everything before it is durable. */
    void vouch(Append.Done done);

    void segmentFreed();

    void ioFailed(String operation, int errno);
  }

  /** Blocks read and moved in one piece. */
  static final int BLOCKS_AT_ONCE = 240;

  private static final int FREE_SEGMENTS_WANTED_MAX = 64;

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private final long diskId;
  private final LogWriter writer;
  private final SyncGate gate;
  private final Host host;

  private int victim = -1;
  private List<PlacedEntry> entries = List.of();
  private final List<Append> batch = new ArrayList<>();
  private int next;
  private int outstanding;
  private int rotations;
  private boolean waitsForReads;
  private boolean stopped;

  Collector(
      Disk disk,
      PayloadPool pool,
      Segments segments,
      long diskId,
      LogWriter writer,
      SyncGate gate,
      Host host) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.diskId = diskId;
    this.writer = writer;
    this.gate = gate;
    this.host = host;
  }

  void stop() {
    stopped = true;
  }

  /** Starts if free segments are few and it does not run yet. */
  void startIfNeeded() {
    if (stopped || victim >= 0 || segments.freeCount() >= freeSegmentsWanted()) {
      return;
    }
    victim = segments.victim();
    if (victim < 0 && mayRotate()) {
      victim = segments.oldest();
    }
    if (victim >= 0) {
      segments.collect(victim);
      readSummaryHead();
    }
  }

  /**
   * If everything is full of entries that only kill, collecting the oldest segments one after the
   * other lets them die. Once around is enough; more would be churn.
   */
  private boolean mayRotate() {
    return segments.freeCount() == LogWriter.SEGMENTS_FOR_COLLECTION
        && rotations++ < 2 * segments.count();
  }

  private int freeSegmentsWanted() {
    int some = Math.min(FREE_SEGMENTS_WANTED_MAX, segments.count() / 16);
    return LogWriter.SEGMENTS_FOR_COLLECTION + 2 + some;
  }

  /** A read ended: if its segment was the last obstacle, go on. */
  void unpinned() {
    if (waitsForReads && !stopped) {
      wipeWhenUnread();
    }
  }

  boolean stillNeeded(Append append, int index) {
    LogReplica replica = append.replica;
    int old = append.oldPlaces[index];
    if (replica == null) {
      return true;
    }
    if (replica.isDropped()) {
      return false;
    }
    LogEntry entry = append.entries[index];
    return switch (entry.kind()) {
      case DATA, BAD -> replica.content().blocks().place(entry.first()) == old;
      case META -> replica.content().metaSegment() == old;
      case PROGRESS -> replica.content().progressSegment() == old;
      case TOMBSTONE, UNMAPPED, DELETE, EXTENTS -> true;
      case BATCH -> false;
    };
  }

  private void readSummaryHead() {
    readPages(
        segments.segmentPages() - 1,
        1,
        page -> {
          SegmentSummary.Header header =
              SegmentSummary.header(page, diskId, segments.segmentPages());
          if (header == null || header.sequence() != segments.sequence(victim)) {
            leaveVictim();
          } else {
            readSummary(header);
          }
        });
  }

  private void readSummary(SegmentSummary.Header header) {
    readPages(
        segments.segmentPages() - header.pages(),
        header.pages(),
        pages -> {
          List<LogEntry> found = SegmentSummary.decode(pages, header);
          if (found == null) {
            leaveVictim();
          } else {
            entries = PlacedEntry.place(found, header.sequence());
            next = 0;
            moveSomeBlocks();
          }
        });
  }

  private interface PagesRead {
    void done(ByteBuffer pages);
  }

  private void readPages(int page, int count, PagesRead done) {
    Payload buffer = pool.lease(count * PAGE_BYTES);
    disk.read(
        segments.offsetBytes(victim, page),
        buffer.view(),
        errno -> {
          if (!stopped && errno != 0) {
            leaveVictim();
          } else if (!stopped) {
            done.done(buffer.view());
          }
          buffer.release();
        });
  }

  /** Without its summary a segment is not touched; the next recovery makes a new one. */
  private void leaveVictim() {
    segments.leave(victim);
    victim = -1;
    startIfNeeded();
  }

  private void moveSomeBlocks() {
    List<PlacedEntry> current = new ArrayList<>();
    while (next < entries.size() && current.size() < BLOCKS_AT_ONCE) {
      PlacedEntry entry = entries.get(next++);
      if (isCurrentBlock(entry)) {
        current.add(entry);
      }
    }
    if (current.isEmpty()) {
      carryTheRest();
      return;
    }
    Payload bytes = pool.lease(current.size() * PAGE_BYTES);
    BlocksRead read = new BlocksRead(current, bytes);
    read.start();
  }

  private boolean isCurrentBlock(PlacedEntry placed) {
    LogEntry entry = placed.entry();
    if (entry.kind() != EntryKind.DATA && entry.kind() != EntryKind.BAD) {
      return false;
    }
    LogReplica replica = host.replica(entry.replica());
    return replica != null
        && replica.content().blocks().place(entry.first()) == segments.place(victim, placed.page());
  }

  /** Reads blocks of the victim, neighbours in one go, and hands them to the log. */
  private final class BlocksRead {
    private final List<PlacedEntry> blocks;
    private final Payload bytes;
    private final boolean[] unreadable;
    private int reads = 1;

    BlocksRead(List<PlacedEntry> blocks, Payload bytes) {
      this.blocks = blocks;
      this.bytes = bytes;
      this.unreadable = new boolean[blocks.size()];
    }

    void start() {
      int from = 0;
      for (int i = 1; i <= blocks.size(); i++) {
        if (i == blocks.size() || blocks.get(i).page() != blocks.get(i - 1).page() + 1) {
          read(from, i);
          from = i;
        }
      }
      completed();
    }

    private void read(int from, int end) {
      reads++;
      ByteBuffer into = bytes.view(from * PAGE_BYTES, (end - from) * PAGE_BYTES);
      disk.read(
          segments.offsetBytes(victim, blocks.get(from).page()),
          into,
          errno -> {
            if (errno != 0 && end - from == 1) {
              unreadable[from] = true;
            } else if (errno != 0) {
              for (int i = from; i < end; i++) {
                read(i, i + 1);
              }
            }
            completed();
          });
    }

    private void completed() {
      if (--reads == 0) {
        if (!stopped) {
          appendAll();
        }
        bytes.release();
      }
    }

    private void appendAll() {
      outstanding = 1;
      int from = 0;
      for (int i = 1; i <= blocks.size(); i++) {
        if (i == blocks.size() || replicaOf(i) != replicaOf(from)) {
          append(from, i);
          from = i;
        }
      }
      submitAll();
      movedSome(false);
    }

    private int replicaOf(int index) {
      return blocks.get(index).entry().replica();
    }

    private void append(int from, int end) {
      LogEntry[] moved = new LogEntry[end - from];
      int[] sources = new int[end - from];
      int[] places = new int[end - from];
      for (int i = from; i < end; i++) {
        moved[i - from] = checked(i);
        sources[i - from] = i;
        places[i - from] = segments.place(victim, blocks.get(i).page());
      }
      outstanding++;
      LogReplica replica = host.replica(replicaOf(from));
      batch.add(
          new Append(
              replica, moved, sources, places, bytes.retain(), 0, Collector.this::movedSome));
    }

    /** A damaged block is moved as such: its version stays known, and a repair can find it. */
    private LogEntry checked(int index) {
      LogEntry entry = blocks.get(index).entry();
      boolean intact =
          !unreadable[index]
              && Format.crc(bytes.view(), index * PAGE_BYTES, PAGE_BYTES) == entry.crc();
      return intact
          ? LogEntry.data(entry.replica(), entry.first(), entry.version(), entry.crc())
          : LogEntry.bad(entry);
    }
  }

  private void movedSome(boolean failure) {
    if (--outstanding == 0 && !failure && !stopped) {
      moveSomeBlocks();
    }
  }

  private void carryTheRest() {
    outstanding = 1;
    long oldestOther = segments.oldestSequence(victim);
    for (PlacedEntry placed : entries) {
      carry(placed, oldestOther);
    }
    submitAll();
    carriedOne(false);
  }

  /** All at once, so that they share batches: a page for a header each would eat up the gain. */
  private void submitAll() {
    writer.submitCollected(batch);
    batch.clear();
  }

  private void carry(PlacedEntry placed, long oldestOther) {
    LogEntry entry = placed.entry();
    LogReplica replica = host.replica(entry.replica());
    boolean killsElsewhere = LogPosition.sequence(placed.birth()) >= oldestOther;
    if (entry.kind() == EntryKind.DELETE && killsElsewhere) {
      submit(null, entry.bornAt(placed.birth()));
    }
    if (replica == null) {
      return;
    }
    ReplicaContent content = replica.content();
    switch (entry.kind()) {
      case META -> {
        if (content.metaSegment() == victim) {
          outstanding++;
          batch.add(Append.ofMeta(replica, content.currentMeta(), victim, this::carriedOne));
        }
      }
      case PROGRESS -> {
        if (content.progressSegment() == victim) {
          submit(
              replica,
              LogEntry.progress(content.number(), content.watermark(), content.durableVersion()));
        }
      }
      case TOMBSTONE, UNMAPPED -> {
        if (rangeMatters(content, entry, placed.birth(), killsElsewhere)) {
          submit(replica, entry.bornAt(placed.birth()));
        } else {
          keepExtents(replica, entry);
        }
      }
      case DATA, BAD, EXTENTS -> keepExtents(replica, entry);
      case DELETE, BATCH -> {}
    }
  }

  private static boolean rangeMatters(
      ReplicaContent content, LogEntry entry, long birth, boolean killsElsewhere) {
    for (RangeMap.Range range : content.ranges().touching(entry.first(), entry.end())) {
      if (range.birth() == birth && (range.visible() || killsElsewhere)) {
        return true;
      }
    }
    return false;
  }

  /** Writes the entry's version of its extents again if it is the only one to know of it. */
  private void keepExtents(LogReplica replica, LogEntry entry) {
    ExtentSpan span = ExtentSpan.of(entry);
    ReplicaContent content = replica.content();
    long extent = content.extents().nextAbove(entry.version() - 1, span.first(), span.end());
    while (extent >= 0) {
      if (content.extents().get(extent) == entry.version()
          && !content.witnessed(extent, entry.version())) {
        submit(
            replica,
            LogEntry.range(
                EntryKind.EXTENTS,
                content.number(),
                span.first(),
                span.end() - span.first(),
                entry.version()));
        return;
      }
      extent = content.extents().nextAbove(entry.version() - 1, extent + 1, span.end());
    }
  }

  private void submit(LogReplica replica, LogEntry entry) {
    outstanding++;
    batch.add(Append.ofCarried(replica, entry, victim, this::carriedOne));
  }

  private void carriedOne(boolean failure) {
    if (--outstanding == 0 && !failure && !stopped) {
      entries = List.of();
      gate.request(failed -> goOnUnless(failed, this::vouch));
    }
  }

  private void vouch() {
    host.vouch(failed -> goOnUnless(failed, this::wipeWhenUnread));
  }

  private void goOnUnless(boolean failed, Runnable step) {
    if (!failed && !stopped) {
      step.run();
    }
  }

  private void wipeWhenUnread() {
    waitsForReads = segments.pinned(victim);
    if (!waitsForReads) {
      wipe(0, () -> wipe(segments.segmentPages() - 1, this::syncWipe));
    }
  }

  private void wipe(int page, Runnable then) {
    Payload zeros = pool.lease(PAGE_BYTES);
    zeros.view().put(0, new byte[PAGE_BYTES]);
    disk.write(
        segments.offsetBytes(victim, page),
        zeros.view(),
        errno -> {
          zeros.release();
          if (errno != 0) {
            host.ioFailed("write", errno);
          }
          goOnUnless(errno != 0, then);
        });
  }

  private void syncWipe() {
    gate.request(failed -> goOnUnless(failed, this::free));
  }

  private void free() {
    segments.release(victim);
    victim = -1;
    if (segments.freeCount() > LogWriter.SEGMENTS_FOR_COLLECTION) {
      rotations = 0;
    }
    host.segmentFreed();
    startIfNeeded();
  }

  /** Extents that an entry touches. */
  private record ExtentSpan(long first, long end) {
    static ExtentSpan of(LogEntry entry) {
      if (entry.kind() == EntryKind.EXTENTS) {
        return new ExtentSpan(entry.first(), entry.end());
      }
      long lastBlock = entry.end() - 1;
      return new ExtentSpan(
          entry.first() >>> io.ashlar.model.Blocks.EXTENT_SHIFT,
          (lastBlock >>> io.ashlar.model.Blocks.EXTENT_SHIFT) + 1);
    }
  }
}
