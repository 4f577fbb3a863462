package io.ashlar.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * The part of a volume's record that the replication protocol reads and changes; it is written only
 * by compare-and-set on the record's revision.
 *
 * @param lineage random id of the store's history
 * @param epoch raised by every change of coordinator, attachment or in-sync set; never reused
 * @param generation grows with every attach, forced detach and poisoning
 * @param settled every in-sync member has every write up to this version
 */
public record Membership(
    long lineage,
    int epoch,
    Optional<CoordinatorRef> coordinator,
    Optional<Attachment> attachment,
    long generation,
    long settled,
    List<Member> members) {

  public Membership {
    members = List.copyOf(members);
  }

  /** Replica ids of the in-sync set, ascending. Never empty once the volume exists. */
  public SortedSet<Long> inSync() {
    SortedSet<Long> ids = new TreeSet<>();
    for (Member member : members) {
      if (member.inSync()) {
        ids.add(member.replica());
      }
    }
    return ids;
  }

  /** Size of the in-sync set. */
  public int inSyncCount() {
    int count = 0;
    for (Member member : members) {
      count += member.inSync() ? 1 : 0;
    }
    return count;
  }

  public Optional<Member> member(long replica) {
    return members.stream().filter(member -> member.replica() == replica).findFirst();
  }

  public Optional<Member> memberOn(NodeId node) {
    return members.stream().filter(member -> member.node().equals(node)).findFirst();
  }

  /** Whether this coordinator instance is the recorded one. */
  public boolean names(long instance) {
    return coordinator.isPresent() && coordinator.get().instance() == instance;
  }

  public Membership withEpoch(int next) {
    return new Membership(lineage, next, coordinator, attachment, generation, settled, members);
  }

  public Membership withCoordinator(Optional<CoordinatorRef> next) {
    return new Membership(lineage, epoch, next, attachment, generation, settled, members);
  }

  public Membership withAttachment(Optional<Attachment> next, long nextGeneration) {
    return new Membership(lineage, epoch, coordinator, next, nextGeneration, settled, members);
  }

  /** Settled only grows. */
  public Membership withSettled(long version) {
    return new Membership(
        lineage, epoch, coordinator, attachment, generation, Math.max(settled, version), members);
  }

  public Membership withMembers(List<Member> next) {
    return new Membership(lineage, epoch, coordinator, attachment, generation, settled, next);
  }

  /** The same membership with one member changed. */
  public Membership withMember(long replica, UnaryOperator<Member> change) {
    List<Member> next = new ArrayList<>(members.size());
    for (Member member : members) {
      next.add(member.replica() == replica ? change.apply(member) : member);
    }
    return withMembers(next);
  }
}
