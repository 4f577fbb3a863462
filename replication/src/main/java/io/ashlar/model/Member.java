package io.ashlar.model;

/**
 * One replica of a volume as the record sees it.
 *
 * @param incarnation random id in the replica's superblock: a wiped disk is not the same member
 * @param lastInSync version up to which it is known to have had everything when it left the set
 * @param joinAttempt id of the resync attempt by which it last joined, 0 if by creation
 */
public record Member(
    long replica,
    NodeId node,
    String pool,
    long incarnation,
    ReplicaState state,
    long lastInSync,
    long joinAttempt) {

  public Member withState(ReplicaState next) {
    Invariants.check(
        state.canBecome(next), "replica %s: %s cannot become %s", replica, state, next);
    return new Member(replica, node, pool, incarnation, next, lastInSync, joinAttempt);
  }

  public Member withLastInSync(long version) {
    return new Member(replica, node, pool, incarnation, state, version, joinAttempt);
  }

  public Member withJoinAttempt(long attempt) {
    return new Member(replica, node, pool, incarnation, state, lastInSync, attempt);
  }

  public boolean inSync() {
    return state == ReplicaState.IN_SYNC;
  }
}
