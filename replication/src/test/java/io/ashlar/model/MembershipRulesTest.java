package io.ashlar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MembershipRulesTest {
  private static final NodeId N1 = new NodeId("n1");
  private static final NodeId N2 = new NodeId("n2");
  private static final CoordinatorRef ONE = new CoordinatorRef(N1, 11, 101);
  private static final CoordinatorRef TWO = new CoordinatorRef(N2, 22, 202);

  private static final Membership DETACHED =
      MembershipRules.created(MembershipRules.born(7, List.of(member(1, N1), member(2, N2))));
  private static final Membership ATTACHED =
      MembershipRules.attached(DETACHED, new Attachment(N1, "boot"));
  private static final Membership OPEN = opened(ATTACHED, ONE);

  private static Member member(long replica, NodeId node) {
    return new Member(replica, node, "default", 90 + replica, ReplicaState.EMPTY, 0, 0);
  }

  private static Membership opened(Membership before, CoordinatorRef by) {
    return before.withCoordinator(Optional.of(by)).withEpoch(before.epoch() + 1);
  }

  private static void refused(
      CoordinatorRef by, Membership before, Membership after, String reason) {
    assertThat(MembershipRules.refusal(by, before, after).orElse("allowed")).contains(reason);
  }

  private static void allowed(CoordinatorRef by, Membership before, Membership after) {
    assertThat(MembershipRules.refusal(by, before, after)).isEmpty();
  }

  private static Membership shrunk(Membership before, long lastInSync) {
    return before
        .withMember(2, member -> member.withState(ReplicaState.OUTDATED).withLastInSync(lastInSync))
        .withEpoch(before.epoch() + 1);
  }

  @Test
  void openingNeedsTheAttachmentOrNone() {
    allowed(ONE, ATTACHED, opened(ATTACHED, ONE));
    allowed(TWO, DETACHED, opened(DETACHED, TWO));
    allowed(ONE, opened(DETACHED, TWO), opened(opened(DETACHED, TWO), ONE));
    refused(TWO, ATTACHED, opened(ATTACHED, TWO), "attached to n1");
  }

  @Test
  void openingRaisesTheEpochAndChangesNothingElse() {
    refused(ONE, ATTACHED, ATTACHED.withCoordinator(Optional.of(ONE)), "raise epoch");
    refused(ONE, ATTACHED, shrunk(opened(ATTACHED, ONE), 0), "may not change members");
    refused(TWO, OPEN, shrunk(OPEN, 0), "only opening is allowed");
    refused(ONE, ATTACHED, opened(ATTACHED, TWO), "only opening is allowed");
  }

  @Test
  void aNewInstanceOfTheAttachedNodeTakesOver() {
    CoordinatorRef restarted = new CoordinatorRef(N1, 11, 102);
    allowed(restarted, OPEN, opened(OPEN, restarted));
    refused(new CoordinatorRef(N2, 22, 101), OPEN, OPEN, "another node's");
  }

  @Test
  void theRecordedInstanceShrinksAndSettles() {
    allowed(ONE, OPEN, shrunk(OPEN, 5).withSettled(5));
    refused(ONE, OPEN, shrunk(OPEN, 5).withEpoch(OPEN.epoch()), "raise epoch");
    refused(ONE, OPEN.withSettled(9), shrunk(OPEN, 5).withSettled(9), "below settled");
    refused(
        ONE,
        OPEN.withSettled(9),
        new Membership(
            7, OPEN.epoch(), OPEN.coordinator(), OPEN.attachment(), 1, 8, OPEN.members()),
        "settled cannot go back");
  }

  @Test
  void theInSyncSetIsNeverEmpty() {
    Membership alone = shrunk(OPEN, 0);
    Membership empty =
        alone
            .withMember(1, member -> member.withState(ReplicaState.OUTDATED))
            .withEpoch(alone.epoch() + 1);
    refused(ONE, alone, empty, "never be empty");
  }

  @Test
  void joiningNeedsAnAttempt() {
    Membership out = shrunk(OPEN, 0);
    Membership syncing = out.withMember(2, member -> member.withState(ReplicaState.SYNCING));
    Membership joined =
        syncing
            .withMember(2, member -> member.withState(ReplicaState.IN_SYNC))
            .withEpoch(syncing.epoch() + 1);

    allowed(ONE, out, syncing);
    refused(ONE, syncing, joined, "resync attempt");
    allowed(ONE, syncing, joined.withMember(2, member -> member.withJoinAttempt(3)));
    refused(
        ONE,
        out,
        out.withMember(2, member -> member.withState(ReplicaState.IN_SYNC).withJoinAttempt(3))
            .withEpoch(out.epoch() + 1),
        "resync attempt");
  }

  @Test
  void whatIsTheControllersIsRefused() {
    refused(ONE, OPEN, MembershipRules.detached(OPEN), "controller's");
    refused(ONE, OPEN, OPEN.withMembers(OPEN.members().subList(0, 1)), "controller's");
    refused(ONE, OPEN, OPEN.withEpoch(OPEN.epoch() - 1), "epoch cannot go");
    refused(ONE, OPEN, OPEN.withEpoch(Version.EPOCH_MAX), "epoch cannot go");
    refused(ONE, OPEN, OPEN.withCoordinator(Optional.of(TWO)), "may not name another");
    refused(
        ONE,
        OPEN,
        OPEN.withMember(2, member -> new Member(2, N2, "default", 1, ReplicaState.IN_SYNC, 0, 0)),
        "controller's");
  }

  @Test
  void endingKeepsTheRest() {
    allowed(ONE, OPEN, OPEN.withCoordinator(Optional.empty()).withSettled(77));
  }

  @Test
  void fencingRaisesEpochAndGenerationAndNamesNobody() {
    Membership fenced = MembershipRules.fenced(OPEN);

    assertThat(fenced.epoch()).isEqualTo(OPEN.epoch() + 1);
    assertThat(fenced.generation()).isEqualTo(OPEN.generation() + 1);
    assertThat(fenced.attachment()).isEmpty();
    assertThat(fenced.coordinator()).isEmpty();
    refused(ONE, fenced, shrunk(OPEN, 0), "controller's");
  }

  @Test
  void anInSyncMemberIsNotRemovedAndANodeHoldsOneCopy() {
    assertThatThrownBy(() -> MembershipRules.without(OPEN, 2)).hasMessageContaining("in sync");
    assertThatThrownBy(() -> MembershipRules.withAdded(OPEN, member(3, N2)))
        .hasMessageContaining("holds a copy");
    assertThat(MembershipRules.without(shrunk(OPEN, 0), 2).members()).hasSize(1);
  }
}
