package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.model.Blocks;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.store.CheckpointRecord.ReplicaRecord;
import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.Place;
import io.ashlar.store.map.VolumeMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Opens a disk: reads the last checkpoint, finds the segments that were written to after it,
 * applies what they say in the order of the log, closes durably those that an older process left
 * open, and raises the superblock's generation, which makes this process's batches different from
 * all earlier ones. Blocking; nothing else runs on the disk.
 */
final class Recovery {
  /**
   * Segments are opened in the order of the checkpoint's list. A process may leave one in each
   * stream in which nothing became whole; after more than that of them no later one was opened.
   */
  private static final int UNTOUCHED_ENOUGH = 8;

  /** A segment that was written to after the checkpoint. */
  private record Found(
      int segment, long sequence, List<LogEntry> entries, SegmentScanner.Scan scan) {}

  /** An entry to be applied; {@code meta} has a META's bytes if they were read already. */
  private record Replayed(PlacedEntry placed, int segment, ByteBuffer meta) {}

  private final Disk disk;
  private final PayloadPool pool;
  private final Superblock superblock;
  private final Segments segments;
  private final NodeIo nodeIo;
  private final MapCache cache;
  private final TreeMap<Integer, ReplicaContent> contents = new TreeMap<>();
  private final TreeMap<Integer, Replayed> lastMetas = new TreeMap<>();
  private final TreeSet<Integer> deleted = new TreeSet<>();
  private final List<DeadNode> deadNodes = new ArrayList<>();
  private final List<LostNode> nodesLost = new ArrayList<>();
  private CheckpointRecord record;
  private LogSequence sequence;
  private int nextNumber;
  private Figures figures;

  /**
   * What opening a disk had to go through, for an operator.
   *
   * @param segments written to since the checkpoint
   * @param entries of them that were applied
   */
  record Figures(int segments, int entries) {}

  private Recovery(Disk disk, PayloadPool pool, Superblock superblock, long mapCacheBytes) {
    this.disk = disk;
    this.pool = pool;
    this.superblock = superblock;
    this.segments = new Segments(superblock.segmentCount(), superblock.segmentPages());
    this.nodeIo = new NodeIo(disk, pool, segments, new Opening());
    this.cache = new MapCache(nodeIo, mapCacheBytes);
  }

  private final class Opening implements NodeIo.Host {
    @Override
    public void reclaim(DeadNode node) {
      deadNodes.add(node);
    }

    @Override
    public void cleaningNeeded() {}

    @Override
    public void nodeLost(LostNode node) {
      nodesLost.add(node);
    }
  }

  static Recovery run(Disk disk, PayloadPool pool, long mapCacheBytes) throws IOException {
    SuperblockPair pair = SuperblockPair.read(disk, pool);
    Recovery recovery =
        new Recovery(disk, pool, pair.current().withNextGeneration(), mapCacheBytes);
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

  NodeIo nodeIo() {
    return nodeIo;
  }

  MapCache cache() {
    return cache;
  }

  LogSequence sequence() {
    return sequence;
  }

  /** The last segment that was begun before the checkpoint. */
  long segmentAtCheckpoint() {
    return record.lastSegment();
  }

  /** Where looking for damage had come to. */
  int scrubbed() {
    return Math.floorMod(record.scrubbed(), segments.count());
  }

  Figures figures() {
    return figures;
  }

  int nextNumber() {
    return nextNumber;
  }

  List<DeadNode> deadNodes() {
    return deadNodes;
  }

  /** Damaged nodes of maps that were found, for an operator. */
  List<LostNode> nodesLost() {
    return nodesLost;
  }

  /** The replicas, oldest first. */
  Collection<ReplicaContent> contents() {
    return contents.values();
  }

  private void replay() throws IOException {
    record = readRecord();
    restore();
    try (SegmentWindow window = new SegmentWindow(disk, pool, segments)) {
      List<Found> found = find(window);
      closeOpen(found);
      Set<Integer> used = found.stream().map(Found::segment).collect(Collectors.toSet());
      segments.restoreFree(
          record.segments().free().stream().filter(free -> !used.contains(free)).toList());
      List<Replayed> replayed = replayed(found);
      apply(replayed);
      figures = new Figures(found.size(), replayed.size());
      long lsn = replayed.isEmpty() ? record.lsn() : replayed.getLast().placed.lsn();
      sequence = new LogSequence(lsn, lastSegment(found));
      applyMetas(window);
    }
    dropUnborn();
  }

  // ---- the checkpoint

  private CheckpointRecord readRecord() throws IOException {
    if (superblock.checkpoint().pieces().isEmpty()) {
      return CheckpointRecord.blank(segments.count());
    }
    int length = 0;
    for (NodeLog.Piece piece : superblock.checkpoint().pieces()) {
      length += piece.lengthBytes();
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (NodeLog.Piece piece : superblock.checkpoint().pieces()) {
      Payload pages = pool.lease(piece.pages() * PAGE_BYTES);
      disk.readNow(Integer.toUnsignedLong(piece.place()) << Format.PAGE_SHIFT, pages.view());
      boolean intact = Format.crc(pages.view(), 0, piece.lengthBytes()) == piece.crc();
      bytes.put(pages.view(0, piece.lengthBytes()));
      pages.release();
      if (!intact) {
        throw damagedRecord(piece);
      }
    }
    CheckpointRecord read = CheckpointRecord.decode(bytes.flip(), segments.count());
    if (read == null || read.lsn() != superblock.checkpoint().lsn()) {
      throw damagedRecord(superblock.checkpoint().pieces().getFirst());
    }
    return read;
  }

  private static StoreOpenException damagedRecord(NodeLog.Piece piece) {
    return new StoreOpenException(
        "the checkpoint at page %s is damaged, and with it the list of what the disk holds; this"
            + " disk's replicas must be made anew from other copies",
        Integer.toUnsignedLong(piece.place()));
  }

  private void restore() {
    CheckpointRecord.SegmentTable table = record.segments();
    for (int i = 0; i < segments.count(); i++) {
      switch (table.states()[i]) {
        case CheckpointRecord.CLOSED, CheckpointRecord.OPEN ->
            segments.found(i, table.sequences()[i], table.liveUnits()[i], table.closedAt()[i]);
        case CheckpointRecord.OPENED -> segments.nodesIn(i, table.liveUnits()[i]);
        default -> {}
      }
    }
    for (NodeLog.Piece piece : superblock.checkpoint().pieces()) {
      segments.piece(piece.place(), piece.pages() * Segments.UNITS_A_PAGE);
    }
    nextNumber = record.nextNumber();
    deadNodes.addAll(record.deadNodes());
    for (ReplicaRecord replica : record.replicas()) {
      int number = replica.map().replica();
      VolumeMap map = new VolumeMap(cache, number);
      map.restore(replica.map());
      ReplicaContent content = new ReplicaContent(number, map);
      content.applyMeta(replica.meta());
      contents.put(number, content);
    }
  }

  // ---- the log after it

  private List<Found> find(SegmentWindow window) throws IOException {
    List<Found> found = new ArrayList<>();
    for (int segment = 0; segment < segments.count(); segment++) {
      if (record.segments().states()[segment] == CheckpointRecord.OPEN) {
        long mine = record.segments().sequences()[segment];
        add(found, look(window, segment, mine, mine));
      }
    }
    int untouched = 0;
    for (int segment : record.segments().free()) {
      if (untouched == UNTOUCHED_ENOUGH) {
        break;
      }
      boolean added = add(found, look(window, segment, record.lastSegment() + 1, Long.MAX_VALUE));
      untouched = added ? 0 : untouched + 1;
    }
    checkSequences(found);
    for (int segment = 0; segment < segments.count(); segment++) {
      if (segments.state(segment) == Segments.State.FREE && segments.liveUnits(segment) != 0) {
        throw new StoreOpenException(
            "segment %s, which holds a part of the last checkpoint, is damaged; this disk's"
                + " replicas must be made anew from other copies",
            segment);
      }
    }
    return found;
  }

  private boolean add(List<Found> all, Found found) {
    if (found == null) {
      return false;
    }
    if (segments.state(found.segment) == Segments.State.FREE) {
      segments.found(found.segment, found.sequence, 0, record.lsn());
    }
    all.add(found);
    return true;
  }

  /** What the segment holds of a filling with one of these sequences; null if nothing. */
  private Found look(SegmentWindow window, int segment, long lowest, long highest)
      throws IOException {
    Found closed = closed(window, segment);
    if (closed != null && closed.sequence >= lowest && closed.sequence <= highest) {
      return closed;
    }
    SegmentScanner scanner =
        new SegmentScanner(window, superblock, segment, lowest, highest, record.lsn());
    SegmentScanner.Scan scan = scanner.scan();
    return scan.entries().isEmpty()
        ? null
        : new Found(segment, scan.sequence(), scan.entries(), scan);
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

  private static void checkSequences(List<Found> found) throws StoreOpenException {
    List<Found> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingLong(Found::sequence));
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).sequence == sorted.get(i - 1).sequence) {
        throw new StoreOpenException(
            "segments %s and %s both have sequence %s: the disk was changed by something else",
            sorted.get(i - 1).segment, sorted.get(i).segment, sorted.get(i).sequence);
      }
    }
  }

  private long lastSegment(List<Found> found) {
    long last = record.lastSegment();
    for (Found one : found) {
      last = Math.max(last, one.sequence);
    }
    return last;
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

  private void close(int segment, SegmentScanner.Scan scan) throws IOException {
    int pages = SegmentSummary.pagesFor(scan.entries().size());
    Payload buffer = pool.lease(pages * PAGE_BYTES);
    buffer.view().put(0, new byte[pages * PAGE_BYTES]);
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

  /** Everything after the checkpoint, of all segments, in the order of the log. */
  private List<Replayed> replayed(List<Found> found) {
    List<Replayed> all = new ArrayList<>();
    for (Found one : found) {
      int metaIndex = 0;
      for (PlacedEntry placed : PlacedEntry.place(one.entries)) {
        ByteBuffer meta = null;
        if (placed.entry().kind() == EntryKind.META && one.scan != null) {
          meta = one.scan.metas().get(metaIndex++);
        }
        if (placed.lsn() > record.lsn()) {
          all.add(new Replayed(placed, one.segment, meta));
        }
      }
    }
    all.sort(Comparator.comparingLong(entry -> entry.placed.lsn())); // stable within a batch
    return all;
  }

  /** One after the other, with what they need of the maps read ahead for many at a time. */
  private void apply(List<Replayed> replayed) {
    int at = 0;
    while (at < replayed.size()) {
      int end = at;
      MapCache.Wanted wanted = cache.wanted();
      while (end < replayed.size() && !wanted.isFull()) {
        LogEntry entry = replayed.get(end++).placed.entry();
        ReplicaContent content = contents.get(entry.replica());
        boolean ofBlock = entry.kind() == EntryKind.DATA || entry.kind() == EntryKind.BAD;
        if (content != null && ofBlock) {
          wanted.add(content.map(), entry.first() >>> Blocks.EXTENT_SHIFT);
        }
      }
      cache.loadNow(wanted);
      replayed.subList(at, end).forEach(this::apply);
      at = end;
    }
  }

  private void apply(Replayed replayed) {
    LogEntry entry = replayed.placed.entry();
    if (entry.kind() == EntryKind.NODE || entry.kind() == EntryKind.CHECKPOINT) {
      return;
    }
    int number = entry.replica();
    boolean gone = number < record.nextNumber() && !contents.containsKey(number);
    if (gone || deleted.contains(number)) {
      return;
    }
    nextNumber = Math.max(nextNumber, number + 1);
    ReplicaContent content =
        contents.computeIfAbsent(
            number, absent -> new ReplicaContent(absent, new VolumeMap(cache, absent)));
    long place =
        entry.kind().hasPayload() ? replayed.placed.place(segments, replayed.segment) : Place.NONE;
    switch (entry.kind()) {
      case META -> lastMetas.put(number, replayed);
      case BAD -> content.map().move(entry.first(), entry.from(), place);
      case DELETE -> {
        content.map().drop();
        contents.remove(number);
        deleted.add(number);
      }
      default -> content.replay(entry, place);
    }
  }

  /** Only the last state of each replica counts, so only that is read and must be whole. */
  private void applyMetas(SegmentWindow window) throws IOException {
    for (ReplicaContent content : contents.values()) {
      Replayed found = lastMetas.get(content.number());
      if (found != null) {
        content.applyMeta(decode(window, found));
      }
    }
  }

  private static ReplicaMeta decode(SegmentWindow window, Replayed found) throws IOException {
    LogEntry entry = found.placed.entry();
    ByteBuffer bytes = found.meta;
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

  /** A replica whose creation did not become durable holds nothing that anybody relies on. */
  private void dropUnborn() {
    for (ReplicaContent content : List.copyOf(contents.values())) {
      if (content.writtenMeta() == null) {
        content.map().drop();
        contents.remove(content.number());
      }
    }
  }
}
