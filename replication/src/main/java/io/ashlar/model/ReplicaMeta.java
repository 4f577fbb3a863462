package io.ashlar.model;

import java.util.Optional;

/**
 * The small durable state of a replica, besides its blocks. Changed as a whole; a change is durable
 * before anything that relies on it leaves the node.
 *
 * @param promise the highest epoch this replica has promised, with the view and the lease holder
 * @param incomplete set while a resync attempt has not been cleared after its join
 * @param unclean writes may be missing after a power loss; cleared only by a join
 * @param closed everything was synced when this was set; removed before the first write after it
 * @param runningOn identity of the host boot in which writes were accepted, "" if none
 * @param watermark highest version known to be applied at all in-sync members; may lag
 * @param durableVersion everything up to here survives a power loss of this host; may lag
 * @param spread which disk of the node has which part of it; the store's own business
 */
public record ReplicaMeta(
    VolumeId volume,
    long replica,
    long incarnation,
    long sizeBytes,
    Promise promise,
    Optional<Incomplete> incomplete,
    boolean unclean,
    boolean closed,
    String runningOn,
    long watermark,
    long durableVersion,
    Spread spread) {

  /**
   * A durable refusal of every epoch below; {@code holder} is whom a lease was given to, if anyone.
   */
  public record Promise(int epoch, View view, Optional<CoordinatorRef> holder) {}

  /** A resync attempt: until its join only blocks above {@code base} may be wrong. */
  public record Incomplete(long attempt, long base) {}

  public static ReplicaMeta created(
      VolumeId volume, long replica, long incarnation, long sizeBytes, View view) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        new Promise(view.epoch(), view, Optional.empty()),
        Optional.empty(),
        false,
        true,
        "",
        Version.NONE,
        Version.NONE,
        Spread.NONE);
  }

  public ReplicaMeta withPromise(Promise next) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        next,
        incomplete,
        unclean,
        closed,
        runningOn,
        watermark,
        durableVersion,
        spread);
  }

  public ReplicaMeta withIncomplete(Optional<Incomplete> next) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        next,
        unclean,
        closed,
        runningOn,
        watermark,
        durableVersion,
        spread);
  }

  public ReplicaMeta withUnclean(boolean next) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        next,
        closed,
        runningOn,
        watermark,
        durableVersion,
        spread);
  }

  /** Marks the replica as accepting writes in this host boot. */
  public ReplicaMeta running(String host) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        unclean,
        false,
        host,
        watermark,
        durableVersion,
        spread);
  }

  /** Marks the replica as closed: everything applied is durable. */
  public ReplicaMeta closedAt(long nextWatermark, long nextDurable) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        unclean,
        true,
        "",
        nextWatermark,
        nextDurable,
        spread);
  }

  public ReplicaMeta withProgress(long nextWatermark, long nextDurable) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        unclean,
        closed,
        runningOn,
        nextWatermark,
        nextDurable,
        spread);
  }

  public ReplicaMeta withSizeBytes(long next) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        next,
        promise,
        incomplete,
        unclean,
        closed,
        runningOn,
        watermark,
        durableVersion,
        spread);
  }

  public ReplicaMeta withSpread(Spread next) {
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        unclean,
        closed,
        runningOn,
        watermark,
        durableVersion,
        next);
  }
}
