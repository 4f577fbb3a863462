package io.ashlar.store;

import static io.ashlar.model.Invariants.check;
import static io.ashlar.store.Segments.UNITS_A_PAGE;

/**
 * Counts what the disk has promised, in units of 16 bytes, so that lack of space is known before
 * anything is accepted.
 *
 * <p>The capacity leaves out the segments that the streams, collection and a checkpoint need to
 * make room, and takes of each other segment no more than leaves collection a gain: if all of the
 * capacity is live, some segment has less than its share, and moving its content frees more than it
 * takes. So collection always comes to an end, and every promise can be kept.
 */
final class SpaceBudget {
  /** One open in each stream, and those that nobody but a checkpoint, maps or collection gets. */
  static final int SEGMENTS_KEPT_BACK = 8;

  private static final int FILL_PERCENT = 88;

  /** What the map may need for a block, in its leaf and above it, if it is alone there. */
  private static final int UNITS_A_BLOCK = UNITS_A_PAGE + 14;

  /** Its META entries, its part of a checkpoint and of its nodes. */
  private static final int UNITS_A_REPLICA = 2 * UNITS_A_PAGE;

  private final Segments segments;
  private final long capacityUnits;
  private long reserved;
  private long queued;
  private long replicas;

  SpaceBudget(Segments segments) {
    this.segments = segments;
    long share = (long) segments.payloadUnits() * FILL_PERCENT / 100;
    int usable = segments.count() - SEGMENTS_KEPT_BACK - segments.count() / 64;
    capacityUnits = Math.max(0, usable) * share;
  }

  /** Blocks of data that the disk can hold, if they are close to each other. */
  long capacityBlocks() {
    return capacityUnits / UNITS_A_PAGE;
  }

  long reservedBlocks() {
    return reserved;
  }

  /**
   * Blocks that can still be promised.
   *
   * @param deadUnits that count as live and are not
   */
  long freeBlocks(long deadUnits) {
    long used =
        segments.liveTotal()
            - deadUnits
            + (queued + reserved) * UNITS_A_BLOCK
            + replicas * UNITS_A_REPLICA;
    return Math.max(0, (capacityUnits - used) / UNITS_A_BLOCK);
  }

  boolean reserve(int blocks, long deadUnits) {
    check(blocks >= 0, "%s blocks to reserve", blocks);
    if (blocks > freeBlocks(deadUnits)) {
      return false;
    }
    reserved += blocks;
    return true;
  }

  void unreserve(int blocks) {
    check(blocks <= reserved, "%s blocks given back of %s reserved", blocks, reserved);
    reserved -= blocks;
  }

  void queued(int blocks) {
    queued += blocks;
  }

  void replicas(int change) {
    replicas += change;
  }

  int blocksAReplica() {
    return UNITS_A_REPLICA / UNITS_A_PAGE;
  }
}
