package io.ashlar.sim;

/** What happened in a run or in many: the proof that the faults were really there. */
public final class SimSummary {
  long seeds;
  long reads;
  long writes;
  long flushes;
  long noSpace;
  long crashes;
  long powerLosses;
  long brokenDisks;
  long pauses;
  long slowDisks;
  long partitions;
  long storeOutages;
  long failovers;
  long removals;
  long joins;
  long joinsGivenUp;
  long resyncExtents;
  long converged;
  long repaired;
  long readsOverlappingWrites;
  long uncertainSwaps;
  long resets;
  long duplicates;
  long bitRot;
  long unreadable;
  long reconnects;
  long resent;
  long partialWrites;
  long blackouts;
  long powerCuts;
  long darkInUse;
  long rottenEnds;

  /** Reads of neighbours of which no copy had both. */
  long rottenAcross;

  long virtualNanos;

  void add(SimSummary other) {
    seeds += other.seeds;
    reads += other.reads;
    writes += other.writes;
    flushes += other.flushes;
    noSpace += other.noSpace;
    crashes += other.crashes;
    powerLosses += other.powerLosses;
    brokenDisks += other.brokenDisks;
    pauses += other.pauses;
    slowDisks += other.slowDisks;
    partitions += other.partitions;
    storeOutages += other.storeOutages;
    failovers += other.failovers;
    removals += other.removals;
    joins += other.joins;
    joinsGivenUp += other.joinsGivenUp;
    resyncExtents += other.resyncExtents;
    converged += other.converged;
    repaired += other.repaired;
    readsOverlappingWrites += other.readsOverlappingWrites;
    uncertainSwaps += other.uncertainSwaps;
    resets += other.resets;
    duplicates += other.duplicates;
    bitRot += other.bitRot;
    unreadable += other.unreadable;
    reconnects += other.reconnects;
    resent += other.resent;
    partialWrites += other.partialWrites;
    blackouts += other.blackouts;
    powerCuts += other.powerCuts;
    darkInUse += other.darkInUse;
    rottenEnds += other.rottenEnds;
    rottenAcross += other.rottenAcross;
    virtualNanos += other.virtualNanos;
  }

  @Override
  public String toString() {
    return String.format(
        "seeds=%d reads=%d writes=%d flushes=%d crashes=%d power_losses=%d broken_disks=%d"
            + " pauses=%d slow_disks=%d partitions=%d store_outages=%d failovers=%d"
            + " membership_changes=%d resyncs=%d resyncs_given_up=%d resync_extents=%d"
            + " converged_blocks=%d repaired=%d reads_overlapping_writes=%d"
            + " uncertain_compare_and_sets=%d resets=%d duplicates=%d no_space=%d bit_rot=%d"
            + " unreadable_blocks=%d session_losses=%d requests_sent_again=%d partial_writes=%d"
            + " blackouts=%d power_cuts=%d dark_in_use=%d rotten_ends=%d rotten_across=%d"
            + " virtual_hours=%.2f",
        seeds,
        reads,
        writes,
        flushes,
        crashes,
        powerLosses,
        brokenDisks,
        pauses,
        slowDisks,
        partitions,
        storeOutages,
        failovers,
        removals + joins,
        joins,
        joinsGivenUp,
        resyncExtents,
        converged,
        repaired,
        readsOverlappingWrites,
        uncertainSwaps,
        resets,
        duplicates,
        noSpace,
        bitRot,
        unreadable,
        reconnects,
        resent,
        partialWrites,
        blackouts,
        powerCuts,
        darkInUse,
        rottenEnds,
        rottenAcross,
        virtualNanos / 3.6e12);
  }
}
