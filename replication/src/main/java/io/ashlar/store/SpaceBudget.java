package io.ashlar.store;

import static io.ashlar.model.Invariants.check;

/**
 * Counts what the disk has promised, in blocks, so that lack of space is known before anything is
 * accepted.
 *
 * <p>The capacity leaves out four segments (the open one, two for collection, one to spare) and
 * takes of each other segment no more than leaves collection a gain: if all of the capacity is
 * live, some segment has less than its share, and moving its content frees more than it takes. So
 * collection always comes to an end, and every promise can be kept.
 */
final class SpaceBudget {
  private static final int SEGMENTS_KEPT_BACK = 4;
  private static final int PAGES_KEPT_BACK = 5;
  private static final int FILL_PERCENT = 92;
  private static final int PAGES_A_REPLICA = 2;

  /** An entry stands in its batch and in its segment's summary. */
  private static final int BYTES_A_RANGE = 2 * Format.ENTRY_BYTES;

  private final Segments segments;
  private final long capacityBlocks;
  private long reserved;
  private long queued;
  private long replicas;
  private long ranges;

  SpaceBudget(Segments segments) {
    this.segments = segments;
    int pages = segments.segmentPages();
    int summary = SegmentSummary.pagesFor(pages + pages / SegmentSummary.ENTRIES_IN_PAGE + 1);
    int payload = pages - summary - Format.pagesFor(pages);
    int share = Math.min(payload - PAGES_KEPT_BACK, payload * FILL_PERCENT / 100);
    capacityBlocks = (long) (segments.count() - SEGMENTS_KEPT_BACK) * share;
  }

  long capacityBlocks() {
    return capacityBlocks;
  }

  long reservedBlocks() {
    return reserved;
  }

  /** Blocks that can still be promised. */
  long freeBlocks() {
    return Math.max(0, capacityBlocks - usedBlocks() - reserved);
  }

  long usedBlocks() {
    long forRanges = (ranges * BYTES_A_RANGE + Format.PAGE_BYTES - 1) >>> Format.PAGE_SHIFT;
    return segments.liveTotal() + queued + replicas * PAGES_A_REPLICA + forRanges;
  }

  boolean fits(long blocks) {
    return blocks <= freeBlocks();
  }

  boolean reserve(int blocks) {
    check(blocks >= 0, "%s blocks to reserve", blocks);
    if (!fits(blocks)) {
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

  void ranges(int change) {
    ranges += change;
  }

  int pagesAReplica() {
    return PAGES_A_REPLICA;
  }
}
