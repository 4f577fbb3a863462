package io.ashlar.store;

import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.ReplicaMeta;
import java.util.List;
import java.util.OptionalLong;

/**
 * One replica's durable content. Loop thread only; callbacks come on the loop thread, never inside
 * the call.
 *
 * <p>Applied means: in the log, found by reads, and safe from a kill of the process (the write was
 * handed to the kernel with O_DIRECT and completed). Durable means: safe from power loss, after
 * {@link #sync}. What is applied later is never durable "instead of" something applied earlier to
 * the same block.
 */
public interface ReplicaStore {
  /**
   * Outcome of an operation. NO_SPACE: a write that had nothing reserved found no room, and nothing
   * changed. FAILED is final: no disk is used any more. GONE: it was about a part of the replica
   * whose disk is gone; the replica is not complete, and knows it.
   */
  enum Result {
    OK,
    NO_SPACE,
    FAILED,
    GONE
  }

  /** Called once, on the loop thread. */
  interface Callback {
    void done(Result result);
  }

  /** Receives the blocks; takes over the run's payload. */
  interface ReadCallback {
    void done(Result result, BlockRun run);
  }

  /** Memory of the last completed {@link #persistMeta}, or what was found at open. */
  ReplicaMeta meta();

  /**
   * False while what was found at open is not yet the same on all disks; the next {@link
   * #persistMeta} completes after it is, and no other operation may come before.
   */
  default boolean isSettled() {
    return true;
  }

  /**
   * Whether every disk that has a part of the replica is there. If not, an attempt that {@link
   * #persistMeta} begins ({@link ReplicaMeta#incomplete}) has what is gone made anew, on other
   * disks.
   */
  default boolean isComplete() {
    return true;
  }

  /**
   * First and end block of each range that was made anew, and lacks what was there until the
   * attempt has joined; ascending.
   */
  default List<long[]> fresh() {
    return List.of();
  }

  /** Makes {@code next} durable; calls are executed in order. Done only after a completed sync. */
  void persistMeta(ReplicaMeta next, Callback done);

  /**
   * Tells how far the volume has come, to be kept with the next batch that is written anyway. Both
   * only grow (lower values are ignored). Never forces a write.
   */
  void noteProgress(long watermark, long durableVersion);

  /**
   * Sets aside space for writing this many blocks, whatever else happens on the disk, so that an
   * accepted write never fails for space. False if the disk cannot promise it (its reserve is kept
   * for trims, metadata and collection).
   */
  boolean reserve(int blocks);

  /** Gives back what was reserved and not used. */
  void unreserve(int blocks);

  /**
   * Applies the DATA and TOMBSTONE blocks of the run, each only if its version is higher than what
   * the block has here (equal means: it is the same, done). Takes over the payload. Uses up one
   * reserved block for each DATA block if {@code reserved}; else it may answer NO_SPACE.
   */
  void applyIfNewer(BlockRun run, boolean reserved, Callback done);

  /**
   * Trims or zeroes a range with one version: every block whose version is lower becomes a
   * tombstone. Costs no more than the map's memory for the range.
   */
  void applyRangeIfNewer(long firstBlock, long blocks, long version, Callback done);

  /**
   * Makes every block of the run exactly what the run says (DATA, TOMBSTONE or UNMAPPED, version
   * higher or lower), except blocks whose version here is at least {@code keepFrom}. For resync.
   * Takes over the payload; may answer NO_SPACE.
   */
  void replace(BlockRun run, long keepFrom, Callback done);

  /**
   * Rewrites a DATA block if and only if its version here equals the run's and its stored bytes
   * fail their check; and any block of which the map was lost. Takes over the payload; may answer
   * NO_SPACE.
   */
  void repair(BlockRun run, Callback done);

  /**
   * An extent in which something is damaged, so that another copy can make it good; another one
   * each time, as far as there are several. Empty if none is known.
   */
  OptionalLong damagedExtent();

  /** Makes everything applied before this call durable. Concurrent calls share syncs. */
  void sync(Callback done);

  /**
   * Reads and checks blocks; a block whose bytes fail comes back as CORRUPT, without data, and with
   * version 0 if nobody knows any more what it held.
   */
  void read(long firstBlock, int count, ReadCallback done);

  /**
   * Kinds, versions and checksums of blocks from the map alone, without payload; CORRUPT only if
   * the map does not know.
   */
  void peek(long firstBlock, int count, ReadCallback done);

  /** Receives a tail: empty unless OK. */
  interface TailCallback {
    void done(Result result, List<TailEntry> tail);
  }

  /**
   * Everything with a version above this: blocks, and ranges of tombstones. Ascending by first
   * block; adjacent blocks with consecutive versions may be one entry of several blocks.
   */
  void above(long version, TailCallback done);

  /** Lets go of tombstones with a version at or below this one: they become unmapped. */
  void dropTombstones(long upToVersion);

  /**
   * Extents with their versions, ascending. An extent's version is at least that of every block
   * ever applied in it; never lowered, durable like data.
   */
  record ExtentVersions(long[] extents, long[] versions) {}

  /** Receives extents; none unless OK. */
  interface ExtentsCallback {
    void done(Result result, ExtentVersions found);
  }

  /**
   * Makes everything applied durable, and has the log say so: if it is damaged later, that is
   * known, and not taken for a write that was torn in flight.
   */
  void vouch(Callback done);

  /** The highest version that was ever applied, as far as the log knows; 0 if none was. */
  long highestVersion();

  /** Raises extents to at least these versions (resync); durable with the next sync. */
  void raiseExtents(long[] extents, long[] versions, Callback done);

  /** Extents whose version is above this, at most {@code limit} from {@code fromExtent} on. */
  void extentsAbove(long version, long fromExtent, int limit, ExtentsCallback done);

  /** Number of blocks that hold data. */
  long mappedBlocks();

  /**
   * Bytes that this data takes on the disks, sealed; the little that tells of each block left out
   * if it fills a page.
   */
  long storedBytes();
}
