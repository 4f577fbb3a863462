package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.NodeReader;
import io.ashlar.store.map.NodeWord;
import io.ashlar.store.map.Place;
import io.ashlar.store.map.Shard;
import io.ashlar.store.map.VolumeMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Tells what a disk holds, and whether all of it is what was written: superblocks, checkpoint,
 * segments, replicas with their shards, and every checksum there is. Opens the disk as an engine
 * would, in memory, and changes nothing. Blocking. A disk that is in use meanwhile changes under
 * it, and may seem damaged then.
 */
public final class DiskInspection {
  private static final long CACHE_BYTES = 64L << 20;

  private final Disk disk;
  private final PayloadPool pool;
  private final Consumer<String> out;
  private final Recovery found;
  private final Segments segments;
  private final BitSet livePages = new BitSet();
  private final Set<Long> livePacked = new HashSet<>();
  private long liveBlocks;
  private long damagedLive;
  private long damagedDead;
  private long damagedNodes;
  private long damagedLists;

  private DiskInspection(Disk disk, PayloadPool pool, Consumer<String> out) throws IOException {
    this.disk = new OverlayDisk(disk);
    this.pool = pool;
    this.out = out;
    SuperblockPair.look(this.disk, pool); // says so if the disk is too small for anything
    superblock("A", Format.SUPERBLOCK_A_OFFSET);
    superblock("B", Format.SUPERBLOCK_B_OFFSET);
    this.found = Recovery.run(this.disk, pool, CACHE_BYTES);
    this.segments = found.segments();
  }

  /**
   * Looks at a disk.
   *
   * @param out gets the report, line by line
   * @param data also read all data, and not only what tells of it
   * @return whether everything that lives is whole
   * @throws IOException if it cannot be read, or is not a disk of ours that could be opened
   */
  public static boolean inspect(Disk disk, PayloadPool pool, boolean data, Consumer<String> out)
      throws IOException {
    return new DiskInspection(disk, pool, out).report(data);
  }

  private void line(String format, Object... values) {
    out.accept(String.format(Locale.ROOT, format, values));
  }

  private void superblock(String name, long offset) throws IOException {
    Payload page = pool.lease(PAGE_BYTES);
    disk.readNow(offset, page.view());
    Superblock superblock = Superblock.isWhole(page.view()) ? Superblock.decode(page.view()) : null;
    page.release();
    if (superblock == null) {
      line("superblock %s  damaged or not there", name);
    } else {
      line(
          "superblock %s  whole, generation %d, checkpoint at lsn %d in %d pieces",
          name,
          superblock.generation(),
          superblock.checkpoint().lsn(),
          superblock.checkpoint().pieces().size());
    }
  }

  private boolean report(boolean data) throws IOException {
    DiskIdentity identity = found.superblock().identity();
    line(
        "disk          %016x of cluster %s, node %s, pool %s; format %d",
        identity.diskId(), identity.cluster(), identity.node(), identity.pool(), Format.VERSION);
    line(
        "segments      %d of %d KiB; %s",
        segments.count(), segments.segmentPages() * PAGE_BYTES / 1024, states());
    line("log           lsn %d, last segment %d", found.sequence().lsn(), lastSegment());
    found.contents().forEach(this::replica);
    checkSegments(data);
    for (LostNode node : found.nodesLost()) {
      line("DAMAGED       %s", node.describe());
    }
    boolean whole = found.nodesLost().isEmpty() && damagedLive + damagedLists == 0;
    line(
        "%s  %d live blocks%s; damaged: %d live blocks, %d dead ones, %d nodes of maps, %d lists of"
            + " segments",
        whole ? "whole       " : "DAMAGED     ",
        liveBlocks,
        data ? "" : " (not read)",
        damagedLive,
        damagedDead,
        Math.max(damagedNodes, found.nodesLost().size()),
        damagedLists);
    return whole;
  }

  private long lastSegment() {
    return found.sequence().lastSegment();
  }

  private String states() {
    int free = 0;
    for (int i = 0; i < segments.count(); i++) {
      free += segments.state(i) == Segments.State.FREE ? 1 : 0;
    }
    return String.format(Locale.ROOT, "%d free, %d in use", free, segments.count() - free);
  }

  private void replica(ReplicaContent content) {
    ReplicaMeta meta = content.currentMeta();
    VolumeMap map = content.map();
    line(
        "replica %-5d volume %s, replica %x incarnation %x, %d bytes, epoch %d%s%s%s",
        content.number(),
        meta.volume(),
        meta.replica(),
        meta.incarnation(),
        meta.sizeBytes(),
        meta.promise().epoch(),
        meta.closed() ? ", closed" : "",
        meta.unclean() ? ", unclean" : "",
        meta.incomplete().isPresent() ? ", incomplete" : "");
    line(
        "              %d blocks of data, highest version %x, watermark %x, durable %x",
        map.mappedBlocks(), map.highestVersion(), content.watermark(), content.durableVersion());
    for (Shard shard : map.shards()) {
      shard(map, shard);
    }
  }

  private void shard(VolumeMap map, Shard shard) {
    long[] blocks = new long[3];
    map.visitNow(
        shard.number(),
        (block, version, place) -> {
          if (place == Place.LOST) {
            blocks[1]++;
          } else if (place != Place.NONE) {
            blocks[0]++;
            lives(place);
          }
        });
    int nodes = 0;
    for (int i = 0; i < Shard.MIDS; i++) {
      nodes += NodeWord.isNode(shard.word(i)) ? 1 : 0;
    }
    liveBlocks += blocks[0];
    line(
        "              shard %d: %d blocks of data, %d lost, %d of %d nodes on the disk",
        shard.number(), blocks[0], blocks[1], nodes, Shard.MIDS);
  }

  /** Many blocks fill a page: a bit each, and not more, of a large disk. */
  private void lives(long place) {
    if (Place.offsetBytes(place) == 0) {
      livePages.set(Place.page(place) - Format.DATA_PAGE);
    } else {
      livePacked.add(place);
    }
  }

  private boolean isLive(long place) {
    return Place.offsetBytes(place) == 0
        ? livePages.get(Place.page(place) - Format.DATA_PAGE)
        : livePacked.contains(place);
  }

  private void checkSegments(boolean data) throws IOException {
    try (SegmentWindow window = new SegmentWindow(disk, pool, segments)) {
      for (int segment = 0; segment < segments.count(); segment++) {
        if (segments.state(segment) != Segments.State.FREE) {
          checkSegment(window, segment, data);
        }
      }
    }
  }

  private void checkSegment(SegmentWindow window, int segment, boolean data) throws IOException {
    List<PlacedEntry> entries = entries(window, segment);
    if (entries == null) {
      damagedLists++;
      line("DAMAGED       segment %d: the list of what it holds", segment);
      return;
    }
    for (PlacedEntry placed : entries) {
      if (placed.entry().kind() == EntryKind.NODE) {
        checkNode(window, segment, placed);
      } else if (data && placed.entry().kind() == EntryKind.DATA) {
        checkBlock(window, segment, placed);
      }
    }
  }

  private List<PlacedEntry> entries(SegmentWindow window, int segment) throws IOException {
    int pages = segments.segmentPages();
    SegmentSummary.Header header =
        SegmentSummary.header(
            window.exactly(segment, pages - 1, 1), found.superblock().identity().diskId(), pages);
    if (header == null) {
      return null;
    }
    ByteBuffer summary = window.exactly(segment, pages - header.pages(), header.pages());
    List<LogEntry> entries = SegmentSummary.decode(summary, header);
    return entries == null ? null : PlacedEntry.place(entries);
  }

  private void checkNode(SegmentWindow window, int segment, PlacedEntry placed) throws IOException {
    LogEntry entry = placed.entry();
    int offset = (int) entry.count() % PAGE_BYTES;
    int pages = (offset + entry.storedBytes() + PAGE_BYTES - 1) / PAGE_BYTES;
    ByteBuffer bytes = window.at(segment, placed.page() + (int) entry.count() / PAGE_BYTES, pages);
    NodeReader.Finding finding =
        bytes == null
            ? NodeReader.Finding.DAMAGED
            : NodeReader.check(
                Format.littleEndian(bytes.slice(offset, entry.storedBytes())),
                entry.replica(),
                !entry.flag(),
                entry.first());
    damagedNodes += finding == NodeReader.Finding.DAMAGED ? 1 : 0;
  }

  private void checkBlock(SegmentWindow window, int segment, PlacedEntry placed)
      throws IOException {
    ByteBuffer bytes = window.at(segment, placed.page(), placed.endPage() - placed.page());
    LogEntry entry = placed.entry();
    if (Format.crc(bytes, placed.offsetBytes(), entry.storedBytes()) == entry.crc()) {
      return;
    }
    if (isLive(placed.place(segments, segment))) {
      damagedLive++;
      line(
          "DAMAGED       segment %d, page %d: block %d of replica %d",
          segment, placed.page(), placed.entry().first(), placed.entry().replica());
    } else {
      damagedDead++;
    }
  }
}
