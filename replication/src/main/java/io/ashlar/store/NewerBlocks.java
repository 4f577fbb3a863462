package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_SHIFT;

import io.ashlar.store.map.VolumeMap;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** What a range write leaves alone: blocks that have its version or a higher one, or will have. */
final class NewerBlocks {
  /** Blocks {@code first} to {@code end} - 1. */
  record Span(long first, long end) {}

  private NewerBlocks() {}

  /**
   * Disjoint spans, ascending. The map of all extents that may hold such blocks ({@link
   * VolumeMap#maybeAbove}) is in memory.
   */
  static List<Span> find(
      VolumeMap map, PendingVersions pending, long first, long end, long version) {
    List<Span> found = new ArrayList<>();
    Iterator<Long> bounds = pending.bounds(first, end).iterator();
    long from = bounds.next();
    while (bounds.hasNext()) {
      long until = bounds.next();
      long queued = pending.version(from);
      if (queued < 0) {
        addApplied(found, map, from, until, version);
      } else if (queued >= version) {
        add(found, from, until);
      }
      from = until;
    }
    return found;
  }

  private static void addApplied(
      List<Span> found, VolumeMap map, long first, long end, long version) {
    for (VolumeMap.Range part : map.maybeAbove(first, end, version - 1)) {
      for (long block = part.first(); block < part.end(); block++) {
        long extent = block >>> EXTENT_SHIFT;
        if (map.extentVersion(extent) < version) {
          block = ((extent + 1) << EXTENT_SHIFT) - 1;
        } else if (map.version(block) >= version) {
          add(found, block, block + 1);
        }
      }
    }
  }

  private static void add(List<Span> spans, long first, long end) {
    if (!spans.isEmpty() && spans.getLast().end() == first) {
      spans.set(spans.size() - 1, new Span(spans.getLast().first(), end));
    } else {
      spans.add(new Span(first, end));
    }
  }
}
