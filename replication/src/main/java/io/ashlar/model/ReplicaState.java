package io.ashlar.model;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Life of one member as the record sees it. Codes are stored: append only.
 *
 * <p>EMPTY to IN_SYNC is creation; OUTDATED to IN_SYNC is promotion by an operator's explicit word.
 */
public enum ReplicaState {
  EMPTY(1),
  SYNCING(2),
  IN_SYNC(3),
  OUTDATED(4),
  FAILED(5);

  private static final Map<ReplicaState, Set<ReplicaState>> NEXT =
      new EnumMap<>(
          Map.of(
              EMPTY, EnumSet.of(SYNCING, IN_SYNC, FAILED),
              SYNCING, EnumSet.of(IN_SYNC, OUTDATED, FAILED),
              IN_SYNC, EnumSet.of(OUTDATED, FAILED),
              OUTDATED, EnumSet.of(SYNCING, IN_SYNC, FAILED),
              FAILED, EnumSet.of(EMPTY)));

  private final int code;

  ReplicaState(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  public boolean canBecome(ReplicaState next) {
    return this == next || NEXT.get(this).contains(next);
  }

  public static ReplicaState ofCode(int code) {
    for (ReplicaState state : values()) {
      if (state.code == code) {
        return state;
      }
    }
    throw new IllegalArgumentException("no replica state has code " + code);
  }
}
