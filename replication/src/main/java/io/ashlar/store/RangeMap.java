package io.ashlar.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Ranges of blocks that hold no data although the log may still hold older data of theirs:
 * tombstones with a version, and ranges made unmapped. Disjoint, and disjoint from the block map.
 *
 * <p>A range is known by its {@code birth}, the position of the entry that made it; it is kept as
 * long as that entry has to stay in the log. A range that was let go reads as unmapped but stays
 * here until nothing older is left on the disk.
 */
final class RangeMap {
  /**
   * @param version of the tombstone; 0 for unmapped
   * @param visible whether readers see a tombstone
   */
  record Range(long first, long end, long version, long birth, boolean visible) {
    Range clip(long from, long to) {
      return new Range(Math.max(first, from), Math.min(end, to), version, birth, visible);
    }
  }

  private final TreeMap<Long, Range> ranges = new TreeMap<>();
  private int visibleCount;

  int count() {
    return ranges.size();
  }

  /** The range around the block, or null. */
  Range at(long block) {
    Map.Entry<Long, Range> entry = ranges.floorEntry(block);
    return entry == null || entry.getValue().end() <= block ? null : entry.getValue();
  }

  /** Version of the tombstone at the block, 0 if there is none to see. */
  long version(long block) {
    Range range = at(block);
    return range == null || !range.visible() ? 0 : range.version();
  }

  /** Ranges that touch {@code first} to {@code end}, whole, ascending. */
  List<Range> touching(long first, long end) {
    List<Range> found = new ArrayList<>();
    Range before = at(first);
    if (before != null) {
      found.add(before);
    }
    for (Range range : ranges.tailMap(first, before == null).values()) {
      if (range.first() >= end) {
        break;
      }
      if (!range.equals(before)) {
        found.add(range);
      }
    }
    return found;
  }

  /** Cuts a hole. */
  void clear(long first, long end) {
    if (ranges.isEmpty()) {
      return;
    }
    for (Range range : touching(first, end)) {
      remove(range);
      if (range.first() < first) {
        insert(range.clip(range.first(), first));
      }
      if (range.end() > end) {
        insert(range.clip(end, range.end()));
      }
    }
  }

  /** Puts a range over everything that was born before or with it; later ones stay. */
  void put(Range range) {
    List<Range> later = new ArrayList<>();
    for (Range other : touching(range.first(), range.end())) {
      if (Long.compareUnsigned(other.birth(), range.birth()) > 0) {
        later.add(other.clip(range.first(), range.end()));
      }
    }
    clear(range.first(), range.end());
    insert(range);
    for (Range other : later) {
      clear(other.first(), other.end());
      insert(other);
    }
  }

  /** Makes tombstones up to this version unmapped for readers. */
  void letGo(long upToVersion) {
    if (visibleCount == 0) {
      return;
    }
    List<Range> gone = matching(range -> range.visible() && range.version() <= upToVersion);
    for (Range range : gone) {
      remove(range);
      insert(new Range(range.first(), range.end(), range.version(), range.birth(), false));
    }
  }

  /** Forgets ranges that readers do not see and that were born before this segment sequence. */
  void forgetBefore(long sequence) {
    if (ranges.size() > visibleCount) {
      List<Range> gone =
          matching(range -> !range.visible() && LogPosition.sequence(range.birth()) < sequence);
      gone.forEach(this::remove);
    }
  }

  /** Visible ranges with a version above this, ascending. */
  List<Range> above(long version) {
    return visibleCount == 0
        ? List.of()
        : matching(range -> range.visible() && range.version() > version);
  }

  private List<Range> matching(Predicate<Range> condition) {
    return ranges.values().stream().filter(condition).toList();
  }

  private void insert(Range range) {
    ranges.put(range.first(), range);
    visibleCount += range.visible() ? 1 : 0;
  }

  private void remove(Range range) {
    ranges.remove(range.first());
    visibleCount -= range.visible() ? 1 : 0;
  }
}
