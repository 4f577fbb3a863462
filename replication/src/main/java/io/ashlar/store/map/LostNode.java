package io.ashlar.store.map;

/**
 * A node of a map that is not what was written, or cannot be read.
 *
 * @param replica number of the replica
 * @param number which one of its level
 * @param page of the disk where it lies
 */
public record LostNode(int replica, boolean leaf, long number, int page) {
  public long firstExtent() {
    return leaf ? number : VolumeMap.firstExtentOf(number);
  }

  public int extents() {
    return leaf ? 1 : VolumeMap.EXTENTS_IN_NODE;
  }

  /** For an operator. */
  public String describe() {
    return String.format(
        "the map's %s %s of replica number %s, at page %s, is damaged",
        leaf ? "leaf" : "node", number, replica, Integer.toUnsignedLong(page));
  }
}
