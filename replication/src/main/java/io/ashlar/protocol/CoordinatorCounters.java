package io.ashlar.protocol;

/**
 * What a coordinator has done since it was opened, for metrics and for the simulation's summary.
 */
public final class CoordinatorCounters {
  public long opened;
  public long removals;
  public long joins;
  public long joinsGivenUp;
  public long resyncExtents;
  public long blocksConverged;
  public long blocksRepaired;
  public long readsOverlappingWrites;
  public long uncertainSwaps;
}
