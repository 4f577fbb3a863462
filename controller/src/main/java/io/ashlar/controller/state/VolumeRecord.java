package io.ashlar.controller.state;

import static io.ashlar.model.Invariants.check;

import io.ashlar.controller.state.Operations.Adding;
import io.ashlar.controller.state.Operations.Creating;
import io.ashlar.controller.state.Operations.Deleting;
import io.ashlar.controller.state.Operations.Expanding;
import io.ashlar.controller.state.Operations.Fencing;
import io.ashlar.model.Attachment;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One volume: wanted (spec, publication), as it is (membership, format), in progress (operations).
 * Written only by compare-and-set.
 *
 * <p>Invariants: a volume in creation has no in-sync member and no attachment; one in deletion has
 * no attachment and opens no coordinator; while fencing there is neither attachment nor
 * coordinator.
 */
public record VolumeRecord(
    VolumeId id,
    VolumeSpec spec,
    Membership membership,
    FormatState format,
    String fsType,
    Optional<Publication> publication,
    Operations operations) {

  /** A volume whose replicas have yet to be made. */
  public static VolumeRecord wanted(
      VolumeId id, VolumeSpec spec, long lineage, List<Member> members) {
    return new VolumeRecord(
        id,
        spec,
        MembershipRules.born(lineage, members),
        FormatState.NEVER_FORMATTED,
        "",
        Optional.empty(),
        Operations.NONE.withCreating(Optional.of(new Creating(List.of()))));
  }

  /** Created and not being deleted: what users see. */
  public boolean visible() {
    return operations.creating().isEmpty() && operations.deleting().isEmpty();
  }

  public int copiesMissing() {
    return spec.copies() - membership.members().size() - (operations.adding().isPresent() ? 1 : 0);
  }

  /** Members, and the one that is being added. */
  public List<Member> replicas() {
    List<Member> all = new ArrayList<>(membership.members());
    operations.adding().ifPresent(adding -> all.add(adding.member()));
    return all;
  }

  public boolean holds(long replica, long incarnation) {
    return replicas().stream()
        .anyMatch(member -> member.replica() == replica && member.incarnation() == incarnation);
  }

  public boolean attachedTo(NodeId node) {
    return membership.attachment().map(at -> at.node().equals(node)).orElse(false);
  }

  public VolumeRecord created() {
    check(operations.creating().isPresent(), "%s is not in creation", id);
    return withMembership(MembershipRules.created(membership))
        .withOperations(operations.withCreating(Optional.empty()));
  }

  /**
   * In creation only: another set of members, because {@code failed} could not make its replica.
   */
  public VolumeRecord replanned(NodeId failed, List<Member> members) {
    Creating creating = operations.creating().orElseThrow();
    return withMembership(membership.withMembers(members))
        .withOperations(operations.withCreating(Optional.of(creating.excluding(failed))));
  }

  public VolumeRecord deleting(String reason) {
    check(membership.attachment().isEmpty(), "%s is attached", id);
    return withOperations(operations.withDeleting(new Deleting(reason)));
  }

  public VolumeRecord attached(Attachment attachment, VolumeUse use, boolean readOnly) {
    check(visible() && operations.fencing().isEmpty(), "%s cannot be attached now", id);
    return withMembership(MembershipRules.attached(membership, attachment))
        .withPublication(Optional.of(new Publication(attachment.node(), use, readOnly)));
  }

  public VolumeRecord detached() {
    return withMembership(MembershipRules.detached(membership)).withPublication(Optional.empty());
  }

  /** First half of a fence against {@code node}, in one change of the record. */
  public VolumeRecord fencing(NodeId node) {
    Membership fenced = MembershipRules.fenced(membership);
    return withMembership(fenced)
        .withPublication(Optional.empty())
        .withOperations(operations.withFencing(Optional.of(new Fencing(node, fenced.epoch()))));
  }

  /** A replica had promised {@code promised}: the fence goes above it. */
  public VolumeRecord fencingAbove(int promised) {
    Membership raised = MembershipRules.aboveEpoch(membership, promised);
    Fencing fencing = operations.fencing().orElseThrow();
    return withMembership(raised)
        .withOperations(
            operations.withFencing(Optional.of(new Fencing(fencing.node(), raised.epoch()))));
  }

  public VolumeRecord fenceHolds() {
    return withOperations(operations.withFencing(Optional.empty()));
  }

  public VolumeRecord adding(Member member) {
    return withOperations(operations.withAdding(Optional.of(new Adding(member))));
  }

  /** The replica that was being added exists: it is a member now. */
  public VolumeRecord added() {
    Member member = operations.adding().orElseThrow().member();
    return withMembership(MembershipRules.withAdded(membership, member))
        .withOperations(operations.withAdding(Optional.empty()));
  }

  public VolumeRecord notAdding() {
    return withOperations(operations.withAdding(Optional.empty()));
  }

  /** A lost copy is given up; it is not in sync. */
  public VolumeRecord without(long replica) {
    return withMembership(MembershipRules.without(membership, replica));
  }

  public VolumeRecord expanding(long sizeBytes) {
    check(sizeBytes > spec.sizeBytes(), "%s can only grow", id);
    List<Long> all = replicas().stream().map(Member::replica).toList();
    return new VolumeRecord(
        id,
        spec.withSizeBytes(sizeBytes),
        membership,
        format,
        fsType,
        publication,
        operations.withExpanding(Optional.of(new Expanding(all))));
  }

  /** These replicas have yet to be told the new size; none: the expansion is over. */
  public VolumeRecord expandingStill(List<Long> replicas) {
    return withOperations(
        operations.withExpanding(
            replicas.isEmpty() ? Optional.empty() : Optional.of(new Expanding(replicas))));
  }

  public VolumeRecord withMembership(Membership next) {
    return new VolumeRecord(id, spec, next, format, fsType, publication, operations);
  }

  public VolumeRecord withFormat(FormatState next, String nextFsType) {
    return new VolumeRecord(id, spec, membership, next, nextFsType, publication, operations);
  }

  private VolumeRecord withPublication(Optional<Publication> next) {
    return new VolumeRecord(id, spec, membership, format, fsType, next, operations);
  }

  private VolumeRecord withOperations(Operations next) {
    return new VolumeRecord(id, spec, membership, format, fsType, publication, next);
  }
}
