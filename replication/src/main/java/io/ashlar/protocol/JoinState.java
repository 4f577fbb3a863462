package io.ashlar.protocol;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Steps of bringing one member (back) into the in-sync set, as its coordinator sees them. */
enum JoinState {
  /** The record shall say SYNCING. */
  MARKING,
  /** The target promises the epoch. */
  SEALING,
  /** The target stores its attempt and tells its base. */
  BEGINNING,
  /** The target is in the live stream; older writes are still on their way elsewhere. */
  SETTLING,
  /** Collecting the extents that may differ. */
  LISTING,
  /** The target pulls them. */
  PULLING,
  /** New writes are held; those under way are applied at all members and the target. */
  DRAINING,
  /** Comparing digests over the delta. */
  COMPARING,
  /** The target syncs and stores the drained version. */
  PREPARING,
  /** The compare-and-set into the in-sync set, and the sealing of the new view. */
  SWAPPING,
  /** Joined. */
  DONE,
  /** Given up; a later attempt begins anew. */
  ABORTED;

  private static final Map<JoinState, Set<JoinState>> NEXT =
      new EnumMap<>(
          Map.ofEntries(
              Map.entry(MARKING, EnumSet.of(SEALING, ABORTED)),
              Map.entry(SEALING, EnumSet.of(BEGINNING, ABORTED)),
              Map.entry(BEGINNING, EnumSet.of(SETTLING, ABORTED)),
              Map.entry(SETTLING, EnumSet.of(LISTING, ABORTED)),
              Map.entry(LISTING, EnumSet.of(PULLING, ABORTED)),
              Map.entry(PULLING, EnumSet.of(DRAINING, ABORTED)),
              Map.entry(DRAINING, EnumSet.of(COMPARING, ABORTED)),
              Map.entry(COMPARING, EnumSet.of(PULLING, PREPARING, ABORTED)),
              Map.entry(PREPARING, EnumSet.of(SWAPPING, ABORTED)),
              Map.entry(SWAPPING, EnumSet.of(DONE, ABORTED)),
              Map.entry(DONE, EnumSet.noneOf(JoinState.class)),
              Map.entry(ABORTED, EnumSet.noneOf(JoinState.class))));

  boolean canBecome(JoinState next) {
    return NEXT.get(this).contains(next);
  }
}
