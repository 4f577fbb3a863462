package io.ashlar.store.map;

/**
 * Where the stored bytes of a block lie on the disk, in one long, as in a {@link NodeWord}.
 *
 * <pre>
 * bits  0-31  disk page
 * bits 32-39  offset in it, in units of 16 bytes; 0 for what fills a page
 * </pre>
 *
 * What does not fill a page may go on in the next one. Pages 0 and 1 never hold a block.
 */
public final class Place {
  /** No data. */
  public static final long NONE = 0;

  /** There may be data, but the node that told of it is damaged. */
  public static final long LOST = 1;

  private static final int UNIT_SHIFT = 32;
  private static final int UNITS_IN_PAGE = 256;

  /** What the entry of a packed block takes, once in its batch and once in the summary. */
  private static final int UNITS_OF_ENTRIES = 6;

  private Place() {}

  public static long of(int page, int offsetBytes) {
    return Integer.toUnsignedLong(page) | (long) (offsetBytes / NodeWord.UNIT_BYTES) << UNIT_SHIFT;
  }

  static long ofUnit(int page, int unit) {
    return Integer.toUnsignedLong(page) | (long) unit << UNIT_SHIFT;
  }

  public static int page(long place) {
    return (int) place;
  }

  public static int offsetBytes(long place) {
    return unit(place) * NodeWord.UNIT_BYTES;
  }

  static int unit(long place) {
    return (int) (place >>> UNIT_SHIFT);
  }

  /** Whether a block's bytes lie there. */
  static boolean isData(long place) {
    return place != NONE && place != LOST;
  }

  /**
   * What a block of this stored length counts for in its segment, in units of 16 bytes. A block
   * that fills a page leaves room for its entries, as {@code payloadUnits} knows; one that is
   * packed with others does not.
   */
  public static int liveUnits(int storedBytes) {
    return storedBytes == UNITS_IN_PAGE * NodeWord.UNIT_BYTES
        ? UNITS_IN_PAGE
        : NodeWord.units(storedBytes) + UNITS_OF_ENTRIES;
  }
}
