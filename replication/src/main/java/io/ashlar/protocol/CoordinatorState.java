package io.ashlar.protocol;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Life of a coordinator instance; docs/ARCHITECTURE.md tells what each state does. */
public enum CoordinatorState {
  /** Writing itself into the record. */
  OPENING,
  /** Asking every in-sync member for its promise and its tail. */
  SEALING,
  /** Making the members equal on the union of their tails. */
  CONVERGING,
  SERVING,
  /** Changing the in-sync set or the epoch, then sealing the new view. */
  RECONFIGURING,
  /** Draining, flushing, releasing leases, leaving the record. */
  CLOSING,
  /** Another one is recorded: nothing more is answered. */
  FENCED,
  CLOSED;

  private static final Map<CoordinatorState, Set<CoordinatorState>> NEXT =
      new EnumMap<>(
          Map.of(
              OPENING, EnumSet.of(SEALING, FENCED, CLOSED),
              SEALING, EnumSet.of(CONVERGING, RECONFIGURING, FENCED, CLOSED),
              CONVERGING, EnumSet.of(SERVING, SEALING, RECONFIGURING, FENCED, CLOSED),
              SERVING, EnumSet.of(RECONFIGURING, CLOSING, FENCED),
              RECONFIGURING, EnumSet.of(SERVING, SEALING, CLOSING, FENCED, CLOSED),
              CLOSING, EnumSet.of(RECONFIGURING, FENCED, CLOSED),
              FENCED, EnumSet.of(CLOSED),
              CLOSED, EnumSet.noneOf(CoordinatorState.class)));

  public boolean canBecome(CoordinatorState next) {
    return NEXT.get(this).contains(next);
  }
}
