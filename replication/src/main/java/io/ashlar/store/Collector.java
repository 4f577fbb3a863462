package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.model.Blocks;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache;
import io.ashlar.store.map.VolumeMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Empties segments: takes the one that is best to take, writes the blocks that live in it again at
 * the end of the stream for what was collected, and has the nodes that live in it written anew. An
 * empty segment becomes free with the next checkpoint ({@link Segments}). One segment at a time.
 *
 * <p>Nothing else has to be kept: what control entries said up to the last checkpoint is in that,
 * and a closed segment is not freed by a checkpoint that began before it was closed.
 */
final class Collector {
  /** What the collector needs from the engine. */
  interface Host {
    /** The replica of this number, or null if it is gone. */
    LogReplica replica(int number);

    /** A segment was emptied as far as that is possible. */
    void collected(int blocks);
  }

  /** Blocks read and moved in one piece. */
  private static final int BLOCKS_AT_ONCE = 240;

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private final SummaryReader summaries;
  private final LogSequence sequence;
  private final MapCache cache;
  private final LogStream stream;
  private final Host host;

  private int victim = -1;
  private List<PlacedEntry> entries = List.of();
  private int next;
  private int movedBlocks;
  private boolean stopped;

  Collector(
      Disk disk,
      PayloadPool pool,
      Segments segments,
      SummaryReader summaries,
      LogSequence sequence,
      MapCache cache,
      LogStream stream,
      Host host) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.summaries = summaries;
    this.sequence = sequence;
    this.cache = cache;
    this.stream = stream;
    this.host = host;
  }

  void stop() {
    stopped = true;
    summaries.stop();
  }

  boolean busy() {
    return victim >= 0;
  }

  /**
   * Begins with another segment, if it does not work on one.
   *
   * @param urgent free segments are needed now, not in the cheapest way
   * @return false if no segment is worth it
   */
  boolean start(boolean urgent) {
    if (stopped || victim >= 0) {
      return true;
    }
    victim = segments.victim(sequence.lsn(), urgent);
    if (victim < 0) {
      return false;
    }
    segments.leave(victim);
    summaries.read(victim, this::summaryRead);
    return true;
  }

  private void summaryRead(List<PlacedEntry> found) {
    if (found == null) {
      done(); // without its summary a segment is not touched
    } else {
      entries = found;
      next = 0;
      takeSome();
    }
  }

  private void done() {
    victim = -1;
    entries = List.of();
    host.collected(movedBlocks);
    movedBlocks = 0;
  }

  private void takeSome() {
    List<PlacedEntry> some = new ArrayList<>();
    while (next < entries.size() && some.size() < BLOCKS_AT_ONCE) {
      PlacedEntry placed = entries.get(next++);
      EntryKind kind = placed.entry().kind();
      if (kind == EntryKind.DATA || kind == EntryKind.BAD || kind == EntryKind.NODE) {
        some.add(placed);
      }
    }
    if (some.isEmpty()) {
      done();
    } else {
      new Chunk(some).load();
    }
  }

  private long place(PlacedEntry placed) {
    return placed.place(segments, victim);
  }

  /** Some entries of the victim: looked up, read, written again. */
  private final class Chunk {
    private final List<PlacedEntry> all;
    private final List<Hold> holds = new ArrayList<>();
    private final List<PlacedEntry> blocks = new ArrayList<>();
    private int outstanding = 1;
    private BlockReads reads;

    Chunk(List<PlacedEntry> all) {
      this.all = all;
    }

    void load() {
      for (PlacedEntry placed : all) {
        LogReplica replica = host.replica(placed.entry().replica());
        if (replica != null) {
          outstanding++;
          hold(replica.content().map(), placed.entry());
        }
      }
      loaded(null);
    }

    private void hold(VolumeMap map, LogEntry entry) {
      if (entry.kind() == EntryKind.NODE && entry.flag()) {
        cache.holdMid(map, entry.first(), this::loaded);
      } else if (entry.kind() == EntryKind.NODE) {
        long first = entry.first() << Blocks.EXTENT_SHIFT;
        cache.holdAtOnce(map, first, first + 1, MapCache.Need.READ, this::loaded);
      } else {
        long block = entry.first();
        cache.holdAtOnce(map, block, block + 1, MapCache.Need.READ, this::loaded);
      }
    }

    private void loaded(Hold hold) {
      if (hold != null) {
        holds.add(hold);
      }
      if (--outstanding == 0 && !stopped) {
        sort();
      }
    }

    /** Now it can be seen what lives. */
    private void sort() {
      for (PlacedEntry placed : all) {
        LogEntry entry = placed.entry();
        LogReplica replica = host.replica(entry.replica());
        if (replica == null) {
          continue;
        }
        VolumeMap map = replica.content().map();
        if (entry.kind() == EntryKind.NODE) {
          int offset = (int) entry.count();
          map.rewriteIfAt(
              entry.flag(),
              entry.first(),
              segments.place(victim, placed.page()) + offset / PAGE_BYTES,
              offset % PAGE_BYTES);
        } else if (map.place(entry.first()) == place(placed)) {
          blocks.add(placed);
        }
      }
      if (blocks.isEmpty()) {
        finished();
      } else {
        read();
      }
    }

    private void finished() {
      holds.forEach(Hold::release);
      takeSome();
    }

    private void read() {
      long[] places = new long[blocks.size()];
      int[] storedBytes = new int[blocks.size()];
      for (int i = 0; i < places.length; i++) {
        places[i] = place(blocks.get(i));
        storedBytes[i] = blocks.get(i).entry().storedBytes();
      }
      reads = new BlockReads(disk, pool, segments, places, storedBytes, this::wasRead);
      reads.start();
    }

    private void wasRead() {
      if (!stopped) {
        append();
      }
      reads.bytes().release();
    }

    private void append() {
      outstanding = 1;
      int from = 0;
      for (int i = 1; i <= blocks.size(); i++) {
        if (i == blocks.size() || replicaOf(i) != replicaOf(from)) {
          append(from, i);
          from = i;
        }
      }
      moved(false);
    }

    private int replicaOf(int index) {
      return blocks.get(index).entry().replica();
    }

    private void append(int from, int end) {
      LogReplica replica = host.replica(replicaOf(from));
      if (replica == null) {
        return;
      }
      LogEntry[] moved = new LogEntry[end - from];
      int[] sources = new int[end - from];
      long[] places = new long[end - from];
      for (int i = from; i < end; i++) {
        moved[i - from] = checked(i);
        sources[i - from] = reads.at(i);
        places[i - from] = place(blocks.get(i));
      }
      outstanding++;
      stream.submit(
          new Append(replica, moved, sources, places, reads.bytes().retain(), 0, this::moved));
    }

    /** A damaged block is moved as such: its version stays known, and a repair can find it. */
    private LogEntry checked(int index) {
      LogEntry entry = blocks.get(index).entry();
      boolean intact = entry.kind() == EntryKind.DATA && reads.intact(index, entry.crc());
      if (!intact) {
        host.replica(entry.replica()).damages().add(entry.first() >>> Blocks.EXTENT_SHIFT);
      }
      return intact ? entry.moved() : entry.movedBad(place(blocks.get(index)));
    }

    private void moved(boolean failure) {
      if (--outstanding == 0 && !failure && !stopped) {
        movedBlocks += blocks.size();
        finished();
      }
    }
  }
}
