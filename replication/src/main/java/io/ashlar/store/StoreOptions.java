package io.ashlar.store;

/**
 * How a disk's engine is to behave.
 *
 * @param mapCacheBytes memory for maps; kept approximately, and a few dozen KiB are used anyway
 */
public record StoreOptions(long mapCacheBytes, ScrubPlan scrub) {
  public static final StoreOptions DEFAULT = new StoreOptions(64L << 20, ScrubPlan.DEFAULT);
}
