package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.model.ReplicaMeta;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Opens a disk: finds its segments, replays them in the order of their sequences, closes durably
 * those that an older process left open, and raises the superblock's generation, which makes this
 * process's batches different from all earlier ones. Blocking; nothing else runs on the disk.
 */
final class Recovery {
  /** A segment with content. {@code scan} is null if the segment was closed with a good summary. */
  private record Found(
      int segment, long sequence, List<LogEntry> entries, SegmentScanner.Scan scan) {}

  /** The META entry of a replica; {@code bytes} is null if they are still to be read. */
  private record FoundMeta(int segment, PlacedEntry placed, ByteBuffer bytes) {}

  private final Disk disk;
  private final PayloadPool pool;
  private final Superblock superblock;
  private final Segments segments;
  private final TreeMap<Integer, ReplicaContent> contents = new TreeMap<>();
  private final TreeMap<Integer, FoundMeta> lastMetas = new TreeMap<>();
  private final TreeSet<Integer> deleted = new TreeSet<>();
  private long nextSequence = 1;
  private int nextNumber = 1;

  private Recovery(Disk disk, PayloadPool pool, Superblock superblock) {
    this.disk = disk;
    this.pool = pool;
    this.superblock = superblock;
    this.segments = new Segments(superblock.segmentCount(), superblock.segmentPages());
  }

  static Recovery run(Disk disk, PayloadPool pool) throws IOException {
    SuperblockPair pair = SuperblockPair.read(disk, pool);
    Recovery recovery = new Recovery(disk, pool, pair.current().withNextGeneration());
    recovery.replay();
    pair.write(recovery.superblock);
    disk.syncNow();
    return recovery;
  }

  Superblock superblock() {
    return superblock;
  }

  Segments segments() {
    return segments;
  }

  long nextSequence() {
    return nextSequence;
  }

  int nextNumber() {
    return nextNumber;
  }

  /** The replicas, oldest first. */
  Collection<ReplicaContent> contents() {
    return contents.values();
  }

  private void replay() throws IOException {
    try (SegmentWindow window = new SegmentWindow(disk, pool, segments)) {
      List<Found> found = find(window);
      found.sort(Comparator.comparingLong(Found::sequence));
      checkSequences(found);
      for (Found one : found) {
        segments.found(one.segment, one.sequence);
      }
      segments.collectFree();
      for (Found one : found) {
        apply(one);
      }
      applyMetas(window);
    }
    dropUnborn();
  }

  /** A replica whose creation did not become durable holds nothing that anybody relies on. */
  private void dropUnborn() {
    for (ReplicaContent content : List.copyOf(contents.values())) {
      if (content.writtenMeta() == null) {
        content.dropAll();
        contents.remove(content.number());
      }
    }
  }

  /** All segments with content. Those without a good summary are scanned, and closed. */
  private List<Found> find(SegmentWindow window) throws IOException {
    List<Found> found = new ArrayList<>();
    List<Integer> open = new ArrayList<>();
    long newest = 0;
    for (int segment = 0; segment < segments.count(); segment++) {
      Found closed = closed(window, segment);
      if (closed != null) {
        found.add(closed);
        newest = Math.max(newest, closed.sequence);
      } else if (!pageIsZero(window, segment, 0)) {
        open.add(segment);
      }
    }
    List<Integer> nothingWhole = new ArrayList<>();
    for (int segment : open) {
      SegmentScanner.Scan scan = new SegmentScanner(window, superblock, segment, newest).scan();
      if (scan.entries().isEmpty()) {
        nothingWhole.add(segment);
      } else {
        found.add(new Found(segment, scan.sequence(), scan.entries(), scan));
      }
    }
    // Only now is it known that none is damaged: until then nothing on the disk is changed.
    for (int segment : nothingWhole) {
      wipe(segment);
    }
    closeOpen(found);
    return found;
  }

  /**
   * What was found must be durable before a summary says so. All that the older process wrote is
   * complete by now, so one sync covers it.
   */
  private void closeOpen(List<Found> found) throws IOException {
    disk.syncNow();
    for (Found one : found) {
      if (one.scan != null) {
        close(one.segment, one.scan);
      }
    }
  }

  private static boolean pageIsZero(SegmentWindow window, int segment, int page)
      throws IOException {
    return Format.isZero(window.exactly(segment, page, 1), 0, PAGE_BYTES);
  }

  private static void checkSequences(List<Found> sorted) throws StoreOpenException {
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).sequence == sorted.get(i - 1).sequence) {
        throw new StoreOpenException(
            "segments %s and %s both have sequence %s: the disk was changed by something else",
            sorted.get(i - 1).segment, sorted.get(i).segment, sorted.get(i).sequence);
      }
    }
  }

  /** The segment as its summary tells it; null if there is none, or not a good one. */
  private Found closed(SegmentWindow window, int segment) throws IOException {
    int pages = segments.segmentPages();
    long diskId = superblock.identity().diskId();
    ByteBuffer last = window.exactly(segment, pages - 1, 1);
    SegmentSummary.Header header = SegmentSummary.header(last, diskId, pages);
    if (header == null) {
      return null;
    }
    ByteBuffer summary = window.exactly(segment, pages - header.pages(), header.pages());
    List<LogEntry> entries = SegmentSummary.decode(summary, header);
    return entries == null ? null : new Found(segment, header.sequence(), entries, null);
  }

  private void close(int segment, SegmentScanner.Scan scan) throws IOException {
    int pages = SegmentSummary.pagesFor(scan.entries().size());
    Payload buffer = zeroed(pages);
    SegmentSummary.encode(
        buffer.view(),
        superblock.identity().diskId(),
        new SegmentSummary.Filling(scan.sequence(), scan.generation()),
        scan.endPage(),
        scan.entries());
    long offset = segments.offsetBytes(segment, segments.segmentPages() - pages);
    disk.writeNow(offset, buffer.view());
    buffer.release();
  }

  /** Nothing in it is whole: the next filling shall not find remains. */
  private void wipe(int segment) throws IOException {
    Payload buffer = zeroed(1);
    disk.writeNow(segments.offsetBytes(segment, 0), buffer.view());
    disk.writeNow(segments.offsetBytes(segment, segments.segmentPages() - 1), buffer.view());
    buffer.release();
  }

  private Payload zeroed(int pages) {
    Payload buffer = pool.lease(pages * PAGE_BYTES);
    buffer.view().put(0, new byte[pages * PAGE_BYTES]);
    return buffer;
  }

  private void apply(Found found) {
    nextSequence = Math.max(nextSequence, found.sequence + 1);
    int metaIndex = 0;
    for (PlacedEntry placed : PlacedEntry.place(found.entries, found.sequence)) {
      LogEntry entry = placed.entry();
      nextNumber = Math.max(nextNumber, entry.replica() + 1);
      if (!entry.kind().hasPayload()) {
        segments.control(found.segment);
      }
      if (entry.kind() == EntryKind.META) {
        ByteBuffer bytes = found.scan == null ? null : found.scan.metas().get(metaIndex++);
        lastMetas.put(entry.replica(), new FoundMeta(found.segment, placed, bytes));
      }
      if (!deleted.contains(entry.replica())) {
        apply(placed, found.segment);
      }
    }
  }

  private void apply(PlacedEntry placed, int segment) {
    LogEntry entry = placed.entry();
    ReplicaContent content =
        contents.computeIfAbsent(entry.replica(), number -> new ReplicaContent(number, segments));
    switch (entry.kind()) {
      case DATA, BAD -> content.applyBlock(entry, segments.place(segment, placed.page()));
      case TOMBSTONE, UNMAPPED -> content.applyRange(entry, placed.birth());
      case DELETE -> {
        content.dropAll();
        contents.remove(entry.replica());
        deleted.add(entry.replica());
      }
      case PROGRESS -> content.applyProgress(entry, segment);
      case EXTENTS -> content.raise(entry.first(), entry.end(), entry.version());
      case META, BATCH -> {}
    }
  }

  /** Only the last state of each replica counts, so only that is read and must be whole. */
  private void applyMetas(SegmentWindow window) throws IOException {
    for (ReplicaContent content : contents.values()) {
      FoundMeta found = lastMetas.get(content.number());
      if (found != null) {
        content.applyMeta(decode(window, found), found.segment);
      }
    }
  }

  private static ReplicaMeta decode(SegmentWindow window, FoundMeta found) throws IOException {
    LogEntry entry = found.placed.entry();
    ByteBuffer bytes = found.bytes;
    if (bytes == null) {
      bytes = window.exactly(found.segment, found.placed.page(), 1).limit(entry.storedBytes());
    }
    boolean intact = Format.crc(bytes, 0, entry.storedBytes()) == entry.crc();
    ReplicaMeta meta = intact ? MetaCodec.decode(bytes) : null;
    if (meta == null) {
      throw new StoreOpenException(
          "segment %s: the state of replica number %s is damaged; this disk's replicas must be made"
              + " anew from other copies",
          found.segment, entry.replica());
    }
    return meta;
  }
}
