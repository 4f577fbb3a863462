package io.ashlar.store;

import java.util.Arrays;

/** At least the version of every block ever applied in each extent; versions only grow. */
final class ExtentTable {
  private static final int PAGE_SHIFT = 9;
  private static final int PAGE_EXTENTS = 1 << PAGE_SHIFT;

  private long[][] pages = new long[0][];
  private int pagesUsed;
  private long highest;

  /** The highest version of all extents; 0 if nothing was ever written. */
  long highest() {
    return highest;
  }

  long get(long extent) {
    long page = extent >>> PAGE_SHIFT;
    return page >= pages.length || pages[(int) page] == null
        ? 0
        : pages[(int) page][(int) extent & (PAGE_EXTENTS - 1)];
  }

  void raise(long extent, long version) {
    int page = Math.toIntExact(extent >>> PAGE_SHIFT);
    if (page >= pages.length) {
      pages = Arrays.copyOf(pages, Math.max(page + 1, pages.length * 2));
    }
    if (pages[page] == null) {
      pages[page] = new long[PAGE_EXTENTS];
      pagesUsed++;
    }
    highest = Math.max(highest, version);
    int index = (int) extent & (PAGE_EXTENTS - 1);
    pages[page][index] = Math.max(pages[page][index], version);
  }

  /** First extent at or after {@code from} and below {@code end} with a version above, or -1. */
  long nextAbove(long version, long from, long end) {
    long extent = from;
    while (extent < end && extent >>> PAGE_SHIFT < pages.length) {
      if (pages[(int) (extent >>> PAGE_SHIFT)] == null) {
        extent = ((extent >>> PAGE_SHIFT) + 1) << PAGE_SHIFT;
      } else if (get(extent) > version) {
        return extent;
      } else {
        extent++;
      }
    }
    return -1;
  }

  long heapBytes() {
    return (long) pagesUsed * PAGE_EXTENTS * Long.BYTES;
  }
}
