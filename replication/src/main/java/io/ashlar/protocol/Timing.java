package io.ashlar.protocol;

import static io.ashlar.model.Invariants.require;

import java.time.Duration;

/**
 * The times of the protocol, in nanoseconds. Clocks protect reads only; no write depends on time.
 *
 * @param lease how long a member lets a coordinator read after it sent a renewal
 * @param renew how often the lease is renewed; also the heartbeat
 * @param memberTimeout silence after which a member is removed from the in-sync set
 * @param tick how often machines look at the clock
 * @param selfSync a replica with unsynced writes syncs at least this often
 * @param storeRetry pause before a record operation without an answer is tried again
 */
public record Timing(
    long lease, long renew, long memberTimeout, long tick, long selfSync, long storeRetry) {
  public static final Timing DEFAULT =
      new Timing(
          Duration.ofSeconds(4).toNanos(),
          Duration.ofSeconds(1).toNanos(),
          Duration.ofSeconds(2).toNanos(),
          Duration.ofMillis(50).toNanos(),
          Duration.ofSeconds(5).toNanos(),
          Duration.ofMillis(500).toNanos());

  public Timing {
    require(renew * 2 <= lease, "a lease of %s ns cannot be renewed every %s ns", lease, renew);
  }

  /**
   * What a member waits before it promises a higher epoch: the lease and a tenth for clock drift.
   */
  public long leaseAtMember() {
    return lease + lease / 10;
  }
}
