package io.ashlar.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Who may change a volume's membership, and how. Pure: the controller's Membership service and the
 * simulated one judge by the same code.
 *
 * <p>A coordinator may open itself, change inSync, settled, its members' states, lastInSync and
 * joinAttempt, raise the epoch, and end itself. Everything else (attachment, generation, which
 * members there are) is the controller's; its changes are the functions at the end, each legal by
 * construction.
 */
public final class MembershipRules {
  private MembershipRules() {}

  /**
   * Judges a compare-and-set that a coordinator instance asks for on a record that has the revision
   * it expects.
   *
   * @return why it is refused; empty if it is legal
   */
  public static Optional<String> refusal(
      CoordinatorRef caller, Membership before, Membership after) {
    if (before.names(caller.instance())) {
      if (!before.coordinator().get().equals(caller)) {
        return refused("instance %x is recorded as another node's", caller.instance());
      }
      return first(common(before, after), byRecorded(caller, before, after));
    }
    return first(common(before, after), opening(caller, before, after));
  }

  private static Optional<String> common(Membership before, Membership after) {
    if (after.lineage() != before.lineage()) {
      return refused("lineage %x is not the record's %x", after.lineage(), before.lineage());
    }
    if (after.generation() != before.generation()
        || !after.attachment().equals(before.attachment())) {
      return refused("attachment and generation are the controller's");
    }
    if (after.epoch() < before.epoch() || after.epoch() >= Version.EPOCH_MAX) {
      return refused("epoch cannot go from %s to %s", before.epoch(), after.epoch());
    }
    if (after.settled() < before.settled()) {
      return refused(
          "settled cannot go back from %s to %s",
          Version.text(before.settled()), Version.text(after.settled()));
    }
    return Optional.empty();
  }

  /** Another instance takes over, or the first one opens: nothing else may change with it. */
  private static Optional<String> opening(
      CoordinatorRef caller, Membership before, Membership after) {
    if (after.coordinator().isEmpty() || !after.coordinator().get().equals(caller)) {
      return refused(
          "the recorded coordinator is %s, not instance %x: only opening is allowed",
          name(before.coordinator()), caller.instance());
    }
    if (before.attachment().isPresent()
        && !before.attachment().get().node().equals(caller.node())) {
      return refused(
          "the volume is attached to %s, not to %s",
          before.attachment().get().node(), caller.node());
    }
    if (after.epoch() == before.epoch()) {
      return refused("opening has to raise epoch %s", before.epoch());
    }
    if (!after.members().equals(before.members()) || after.settled() != before.settled()) {
      return refused("opening may not change members or settled");
    }
    if (before.inSync().isEmpty()) {
      return refused("the volume has no in-sync member");
    }
    return Optional.empty();
  }

  private static Optional<String> byRecorded(
      CoordinatorRef caller, Membership before, Membership after) {
    if (after.coordinator().isPresent() && !after.coordinator().get().equals(caller)) {
      return refused("a coordinator may not name another one");
    }
    if (after.members().size() != before.members().size()) {
      return refused("adding and removing members is the controller's");
    }
    if (after.inSync().isEmpty()) {
      return refused("the in-sync set may never be empty");
    }
    if (!after.inSync().equals(before.inSync()) && after.epoch() == before.epoch()) {
      return refused("a change of the in-sync set has to raise epoch %s", before.epoch());
    }
    for (Member member : before.members()) {
      Optional<String> refusal = member(before, member, after.member(member.replica()));
      if (refusal.isPresent()) {
        return refusal;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> member(Membership before, Member old, Optional<Member> changed) {
    if (changed.isEmpty()) {
      return refused("member %x is missing", old.replica());
    }
    Member next = changed.get();
    if (!next.node().equals(old.node())
        || !next.pool().equals(old.pool())
        || next.incarnation() != old.incarnation()) {
      return refused("node, pool and incarnation of %x are the controller's", old.replica());
    }
    if (!old.state().canBecome(next.state())) {
      return refused("%x: %s cannot become %s", old.replica(), old.state(), next.state());
    }
    if (next.state() == old.state()) {
      return Optional.empty();
    }
    return entered(before, old, next);
  }

  private static Optional<String> entered(Membership before, Member old, Member next) {
    return switch (next.state()) {
      case IN_SYNC ->
          old.state() == ReplicaState.SYNCING && next.joinAttempt() != 0
              ? Optional.empty()
              : refused("%x: %s joins only by a resync attempt", old.replica(), old.state());
      case OUTDATED ->
          old.inSync() && next.lastInSync() < before.settled()
              ? refused(
                  "%x: leaves with lastInSync %s below settled %s",
                  old.replica(), Version.text(next.lastInSync()), Version.text(before.settled()))
              : Optional.empty();
      case EMPTY -> refused("%x: a new incarnation is the controller's", old.replica());
      case SYNCING, FAILED -> Optional.empty();
    };
  }

  private static Optional<String> first(Optional<String> one, Optional<String> other) {
    return one.isPresent() ? one : other;
  }

  private static Optional<String> refused(String format, Object... arguments) {
    return Optional.of(format.formatted(arguments));
  }

  private static String name(Optional<CoordinatorRef> coordinator) {
    return coordinator.map(ref -> "%s/%x".formatted(ref.node(), ref.instance())).orElse("none");
  }

  // What the controller does.

  /** The membership of a new volume whose replicas are being created. */
  public static Membership born(long lineage, List<Member> members) {
    return new Membership(lineage, 1, Optional.empty(), Optional.empty(), 0, Version.NONE, members);
  }

  /** All replicas exist and are equally empty: EMPTY to IN_SYNC, the creation. */
  public static Membership created(Membership before) {
    List<Member> members = new ArrayList<>();
    before.members().forEach(member -> members.add(member.withState(ReplicaState.IN_SYNC)));
    return before.withMembers(members);
  }

  /**
   * Attaches a volume to a node. A coordinator without a front-end is replaced when the node opens.
   */
  public static Membership attached(Membership before, Attachment attachment) {
    return before
        .withAttachment(Optional.of(attachment), before.generation() + 1)
        .withEpoch(before.epoch() + 1);
  }

  /** Takes the attachment away from a node whose coordinator has ended itself. */
  public static Membership detached(Membership before) {
    return before
        .withAttachment(Optional.empty(), before.generation() + 1)
        .withEpoch(before.epoch() + 1);
  }

  /** First half of fencing; it holds once an in-sync member has promised the new epoch. */
  public static Membership fenced(Membership before) {
    return detached(before).withCoordinator(Optional.empty());
  }

  /** A replica had promised more than the record knows: goes above it. */
  public static Membership aboveEpoch(Membership before, int promised) {
    return before.withEpoch(Math.max(before.epoch(), promised) + 1);
  }

  /** One more, empty, member; the coordinator brings it in sync. */
  public static Membership withAdded(Membership before, Member member) {
    Invariants.check(
        member.state() == ReplicaState.EMPTY, "member %s is added EMPTY", member.replica());
    Invariants.check(
        before.memberOn(member.node()).isEmpty(), "%s holds a copy already", member.node());
    List<Member> members = new ArrayList<>(before.members());
    members.add(member);
    return before.withMembers(members);
  }

  /** Without a member that is not in sync. */
  public static Membership without(Membership before, long replica) {
    Invariants.check(
        !before.inSync().contains(replica), "%s is in sync and cannot be removed", replica);
    return before.withMembers(
        before.members().stream().filter(member -> member.replica() != replica).toList());
  }

  /** What a replica is told with a promise. */
  public static View view(Membership membership) {
    return new View(
        membership.epoch(),
        List.copyOf(membership.inSync()),
        membership.lineage(),
        membership.generation());
  }
}
