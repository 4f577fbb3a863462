package io.ashlar.store;

import java.util.NavigableSet;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.LongConsumer;

/**
 * Extents of a replica in which something was found damaged, until another copy has made it good.
 * Bounded: what does not fit is found again by the next look. Loop thread only.
 */
final class Damages {
  private static final int EXTENTS_MAX = 4096;

  private final NavigableSet<Long> extents = new TreeSet<>();
  private final LongConsumer look;
  private OptionalLong confirmed = OptionalLong.empty();
  private long at = -1;
  private boolean looking;

  /**
   * @param look reads an extent, and tells {@link #looked}
   */
  Damages(LongConsumer look) {
    this.look = look;
  }

  void add(long extent) {
    add(extent, 1);
  }

  void add(long firstExtent, int count) {
    for (int i = 0; i < count && extents.size() < EXTENTS_MAX; i++) {
      extents.add(firstExtent + i);
    }
    lookAtNext();
  }

  /** One that was still damaged when it was looked at a moment ago; another one each time. */
  OptionalLong take() {
    OptionalLong found = confirmed;
    confirmed = OptionalLong.empty();
    lookAtNext();
    return found;
  }

  private void lookAtNext() {
    if (looking || confirmed.isPresent() || extents.isEmpty()) {
      return;
    }
    Long next = extents.higher(at);
    at = next == null ? extents.first() : next;
    looking = true;
    look.accept(at);
  }

  void looked(long extent, boolean damaged) {
    looking = false;
    if (damaged) {
      confirmed = OptionalLong.of(extent);
    } else {
      extents.remove(extent);
      lookAtNext();
    }
  }
}
