package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/**
 * Finds the blocks of a range that will have at least some version once everything queued is
 * applied: those that a trim of that version must leave alone. Costs about an extent, not a block,
 * where nothing is that new.
 */
final class NewerBlocks {
  /** Blocks {@code first} to {@code end} - 1. */
  record Span(long first, long end) {}

  private NewerBlocks() {}

  /** Disjoint spans, ascending. */
  static List<Span> find(
      ReplicaContent content, PendingVersions pending, long first, long end, long version) {
    List<Span> found = new ArrayList<>();
    Iterator<Long> bounds = pending.bounds(first, end).iterator();
    long from = bounds.next();
    while (bounds.hasNext()) {
      long until = bounds.next();
      long queued = pending.version(from);
      if (queued < 0) {
        found.addAll(applied(content, from, until, version));
      } else if (queued >= version) {
        found.add(new Span(from, until));
      }
      from = until;
    }
    return found;
  }

  private static List<Span> applied(ReplicaContent content, long first, long end, long version) {
    List<Span> found = new ArrayList<>();
    ExtentTable extents = content.extents();
    long lastExtent = (end - 1) >>> EXTENT_SHIFT;
    long extent = extents.nextAbove(version - 1, first >>> EXTENT_SHIFT, lastExtent + 1);
    while (extent >= 0) {
      long from = Math.max(first, extent << EXTENT_SHIFT);
      long until = Math.min(end, (extent + 1) << EXTENT_SHIFT);
      content
          .blocks()
          .forEach(
              from,
              until,
              (block, here, place) -> {
                if (here >= version) {
                  found.add(new Span(block, block + 1));
                }
              });
      extent = extents.nextAbove(version - 1, extent + 1, lastExtent + 1);
    }
    for (RangeMap.Range range : content.ranges().touching(first, end)) {
      if (range.visible() && range.version() >= version) {
        found.add(new Span(Math.max(first, range.first()), Math.min(end, range.end())));
      }
    }
    found.sort(Comparator.comparingLong(Span::first));
    return found;
  }
}
