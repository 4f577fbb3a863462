package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.PayloadPool;
import io.ashlar.model.Compression;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeId;
import io.ashlar.seal.Opener;
import io.ashlar.seal.Sealer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;

/**
 * Where a coordinator stands: its state, the view that its members have promised, whether somebody
 * may have fenced it; and what follows from that: who has to have a write, and what is allowed
 * right now. Loop thread only.
 */
final class Standing implements CoordinatorContext {
  private final VolumeId volume;
  private final CoordinatorRef self;
  private final CoordinatorEffects effects;
  private final PayloadPool pool;
  private final RecordKeeper record;
  private final Members members;
  private Joins joins;

  private CoordinatorState state = CoordinatorState.OPENING;
  private long now;
  private boolean again;

  /** In-sync set of the last view that all its members have promised. */
  private long sealedMask;

  private int sealedEpoch;

  /** Serving was reached before: reconfiguring returns there, else to sealing. */
  private boolean hasServed;

  /** A foreign epoch was seen: the next own one has to be above it. */
  private int epochFloor;

  /** Somebody fenced us, perhaps: nothing is answered until the record was read. */
  private boolean suspect;

  private String waitingFor = "";

  private final Opener opener;
  private Sealer sealer;
  private Compression sealing;

  /** What the mask and the count were made of; see {@link #lookAtRecord}. */
  private Membership inSyncOf;

  private MemberLink[] inSyncLinks;
  private long inSyncMask;
  private int inSyncCount;

  Standing(
      VolumeId volume,
      CoordinatorRef self,
      CoordinatorEffects effects,
      PayloadPool pool,
      RecordKeeper record,
      Members members) {
    this.volume = volume;
    this.self = self;
    this.effects = effects;
    this.pool = pool;
    this.record = record;
    this.members = members;
    this.opener = new Opener(pool);
  }

  void connect(Joins theJoins) {
    joins = theJoins;
  }

  // ---- the state

  CoordinatorState state() {
    return state;
  }

  /** The one place where the state changes. */
  void become(CoordinatorState next, String reason) {
    check(state.canBecome(next), "%s: %s cannot become %s", volume, state, next);
    effects.log(
        volume,
        String.format(
            "event=coordinator from=%s to=%s epoch=%s reason=\"%s\"",
            state, next, record.current() == null ? 0 : record.membership().epoch(), reason));
    state = next;
    again = true;
  }

  boolean isEnded() {
    return state == CoordinatorState.CLOSED || state == CoordinatorState.FENCED;
  }

  void at(long time) {
    now = time;
  }

  /** Something has changed that may make another step due. */
  void lookAgain() {
    again = true;
  }

  /** A look at everything begins. */
  void beginLook() {
    again = false;
  }

  boolean looksAgain() {
    return again;
  }

  String waitingFor() {
    return waitingFor;
  }

  void waitFor(String what) {
    waitingFor = what;
  }

  void sealed(long mask, int epoch) {
    sealedMask = mask;
    sealedEpoch = epoch;
  }

  /** The recorded epoch is the one that all have promised. */
  boolean epochIsSealed() {
    return sealedEpoch == record.membership().epoch();
  }

  boolean hasServed() {
    return hasServed;
  }

  void served() {
    hasServed = true;
  }

  // ---- other coordinators

  boolean suspect() {
    return suspect;
  }

  void trust() {
    suspect = false;
  }

  /** Nothing is answered from now on. */
  void distrust() {
    suspect = true;
  }

  /** A member has promised this epoch: if that is above ours, the record has to be read. */
  void fencedBy(int promise) {
    if (promise > epoch() && promise > epochFloor) {
      epochFloor = promise;
      suspect = true;
      record.doubt();
      again = true;
    }
  }

  int epochFloor() {
    return epochFloor;
  }

  /** The record's epoch cannot be used: it, or a higher one, was promised to somebody else. */
  boolean epochIsTaken() {
    return epochFloor >= record.membership().epoch();
  }

  // ---- who is who

  long inSyncMask() {
    lookAtRecord();
    check(Long.bitCount(inSyncMask) == inSyncCount, "%s: who is in sync is no member", volume);
    return inSyncMask;
  }

  /** Size of the recorded in-sync set. */
  int inSyncCount() {
    lookAtRecord();
    return inSyncCount;
  }

  /** Of the recorded in-sync set, those that are members here. */
  private long knownInSyncMask() {
    lookAtRecord();
    return inSyncMask;
  }

  /**
   * The in-sync set is asked for several times an operation, and hardly ever another one: as long
   * as record and links are the same objects, so is what follows from them.
   */
  @SuppressWarnings("ReferenceEquality")
  private void lookAtRecord() {
    Membership recorded = record.membership();
    if (recorded != inSyncOf || members.all() != inSyncLinks) {
      inSyncOf = recorded;
      inSyncLinks = members.all();
      inSyncMask = maskOfKnown(recorded.inSync());
      inSyncCount = recorded.inSyncCount();
    }
  }

  List<MemberLink> of(long mask) {
    List<MemberLink> found = new ArrayList<>();
    for (MemberLink member : members.all()) {
      if ((mask & member.bit()) != 0) {
        found.add(member);
      }
    }
    return found;
  }

  @Override
  public long requiredMask() {
    long mask = sealedMask;
    if (record.current() != null) {
      mask |= knownInSyncMask();
      for (SortedSet<Long> set : record.unresolvedSets()) {
        mask |= maskOfKnown(set);
      }
    }
    return mask | joins.maskOf(Join::counts);
  }

  private long maskOfKnown(SortedSet<Long> replicas) {
    long mask = 0;
    for (MemberLink member : members.all()) {
      if (replicas.contains(member.member().replica())) {
        mask |= member.bit();
      }
    }
    return mask;
  }

  @Override
  public long streamMask() {
    return requiredMask() | joins.maskOf(Join::inStream);
  }

  @Override
  public long readableMask() {
    long readable = 0;
    if (hasServed && !isEnded()) {
      long candidates = inSyncMask() & sealedMask;
      for (MemberLink member : members.all()) {
        boolean candidate = (candidates & member.bit()) != 0;
        if (candidate && member.usable(epoch()) && member.clean() && member.whole()) {
          readable |= member.bit();
        }
      }
    }
    return readable;
  }

  @Override
  public int localSlot() {
    for (MemberLink member : members.all()) {
      if (member.member().node().equals(self.node())) {
        return member.slot;
      }
    }
    return -1;
  }

  // ---- what is allowed

  @Override
  public boolean mayIssue() {
    return state == CoordinatorState.SERVING
        && !suspect
        && epochIsSealed()
        && joins.maskOf(Join::holdsWrites) == 0
        && enoughCopies();
  }

  private boolean enoughCopies() {
    return inSyncCount() >= record.current().copiesToWrite();
  }

  @Override
  public boolean mayAcknowledge() {
    return isWorking() && enoughCopies();
  }

  @Override
  public boolean mayAnswerReads() {
    return isWorking() && leasesAreValid(requiredMask());
  }

  private boolean leasesAreValid(long mask) {
    for (MemberLink member : members.all()) {
      if ((mask & member.bit()) != 0 && !member.leaseValid(now)) {
        return false;
      }
    }
    return true;
  }

  private boolean isWorking() {
    return switch (state) {
      case SERVING, RECONFIGURING, CLOSING -> hasServed && !suspect;
      case OPENING, SEALING, CONVERGING, FENCED, CLOSED -> false;
    };
  }

  // ---- what else the parts ask

  @Override
  public long now() {
    return now;
  }

  @Override
  public long sizeBytes() {
    return record.current().sizeBytes();
  }

  @Override
  public int epoch() {
    return record.membership().epoch();
  }

  @Override
  public void memberFailed(MemberLink member) {
    effects.log(volume, String.format("event=member_failed replica=%x", member.member().replica()));
    member.fail();
    again = true;
  }

  @Override
  public void targetFailed(MemberLink member, String reason) {
    joins.targetFailed(member, reason);
  }

  @Override
  public Members members() {
    return members;
  }

  @Override
  public PayloadPool pool() {
    return pool;
  }

  @Override
  public Sealer sealer() {
    Compression wanted = record.current().compression();
    if (wanted != sealing) {
      sealer = new Sealer(wanted, pool);
      sealing = wanted;
    }
    return sealer;
  }

  @Override
  public Opener opener() {
    return opener;
  }

  @Override
  public CoordinatorEffects effects() {
    return effects;
  }
}
