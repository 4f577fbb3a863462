package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.PayloadPool;
import io.ashlar.model.Attachment;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.Version;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.FinishJoin;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Sealed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The coordinator of one volume: orders writes, decides who is in sync, and changes the record by
 * compare-and-set. {@link CoordinatorState} is the machine; this class moves it and asks its parts
 * to do the work: {@link Requests} (front-end), {@link WritePipeline}, {@link ReadPath}, {@link
 * FlushPath}, {@link Converger}, {@link Join}, {@link RecordKeeper}, {@link Members}.
 *
 * <p>It is level-triggered: every input ends in {@link #advance}, which looks at what is the case
 * and does the next step that is due, until nothing changes. Loop thread only.
 */
public final class CoordinatorMachine implements CoordinatorContext {
  /**
   * Who opens, and for what.
   *
   * @param generation of the attachment if a front-end shall be served, else empty
   */
  public record Opening(
      long cluster, VolumeId volume, CoordinatorRef self, OptionalLong generation) {}

  private final Opening opening;
  private final CoordinatorRef self;
  private final CoordinatorEffects effects;
  private final Timing timing;
  private final PayloadPool pool;

  private final RecordKeeper record;
  private final Members members;
  private final WritePipeline writes;
  private final ReadPath reads;
  private final FlushPath flushes;
  private final Requests requests;
  private final MappedPath mapped;

  private CoordinatorState state = CoordinatorState.OPENING;
  private long now;
  private boolean advancing;
  private boolean again;

  /** In-sync set of the last view that all its members have promised. */
  private long sealedMask;

  private int sealedEpoch;
  private Optional<SealRound> sealing = Optional.empty();
  private Optional<Converger> converging = Optional.empty();
  private Optional<Join> join = Optional.empty();
  private int attempts;
  private long joinNotBefore;

  /** Serving was reached before: reconfiguring returns there, else to sealing. */
  private boolean hasServed;

  /** A foreign epoch was seen: the next own one has to be above it. */
  private int epochFloor;

  /** Somebody fenced us, perhaps: nothing is answered until the record was read. */
  private boolean suspect;

  private boolean closeWanted;
  private Optional<Departure> departure = Optional.empty();

  /** Highest watermark heard of before serving: what every member surely has. */
  private long settledHeard;

  /** Most data that a member said it holds when it promised. */
  private long mappedBlocksSealed;

  private String waitingFor = "";
  private final CoordinatorCounters counters = new CoordinatorCounters();

  public CoordinatorMachine(
      Opening opening, CoordinatorEffects effects, Timing timing, PayloadPool pool) {
    this.opening = opening;
    this.self = opening.self();
    this.effects = effects;
    this.timing = timing;
    this.pool = pool;
    this.record = new RecordKeeper(effects, timing, this::recordChanged);
    this.members =
        new Members(opening.cluster(), opening.volume(), self, effects, timing, new Links());
    this.requests = new Requests(this);
    this.writes = new WritePipeline(this, requests::writeDone);
    this.reads = new ReadPath(this, writes);
    this.flushes = new FlushPath(this, writes);
    this.mapped = new MappedPath(reads, this);
    requests.connect(writes, reads, flushes);
  }

  // ---- inputs

  /** First call. */
  public void open(long time) {
    now = time;
    advance();
  }

  /** Looks at the clock. */
  public void tick(long time) {
    now = time;
    advance();
  }

  /** Takes a front-end's request over. */
  public void submit(long session, BlockRequest request, long time) {
    now = time;
    requests.submit(session, request);
    advance();
  }

  /** Reports runs of mapped blocks; {@link MappedPath}. */
  public void mapped(
      long offsetBytes, long lengthBytes, BlockDevice.MappedCallback done, long time) {
    now = time;
    mapped.ask(offsetBytes, lengthBytes, done);
    advance();
  }

  public long openSession() {
    return requests.openSession();
  }

  public void endSession(long session, long time) {
    now = time;
    requests.endSession(session);
    advance();
  }

  /** Drains, flushes, and leaves the record; {@link CoordinatorEffects#closed} tells when. */
  public void close(long time) {
    now = time;
    closeWanted = true;
    advance();
  }

  /** Stops at once, answering nothing more: the process is going away, or an operator insists. */
  public void abandon(String reason, long time) {
    now = time;
    if (state != CoordinatorState.CLOSED) {
      end(reason);
    }
  }

  /** The record may have changed (new members, new size, new mode): read it again. */
  public void recordMayHaveChanged(long time) {
    now = time;
    record.doubt();
    advance();
  }

  public CoordinatorState state() {
    return state;
  }

  /** What an operator should know: what it waits for, or "". */
  public String waitingFor() {
    return waitingFor;
  }

  public Optional<VolumeView> view() {
    return Optional.ofNullable(record.current());
  }

  /**
   * True only if it is certain that no in-sync member holds data: each said so with its promise,
   * and nothing has been issued since.
   */
  public boolean knownUnmapped() {
    return hasServed && mappedBlocksSealed == 0 && writes.nothingIssued();
  }

  public CoordinatorCounters counters() {
    counters.uncertainSwaps = record.uncertainOutcomes();
    counters.readsOverlappingWrites = reads.overlapping();
    counters.blocksRepaired = reads.repaired();
    return counters;
  }

  /** The resync under way, if any. */
  public Optional<Progress> progress() {
    return join.map(
        it ->
            new Progress(
                it.target.member().replica(),
                it.state().name(),
                it.extentsDone(),
                it.extentsLeft(),
                it.startedAt()));
  }

  /** A resync in numbers; extents are of 256 KiB. */
  public record Progress(
      long replica, String state, long extentsDone, long extentsLeft, long startedAt) {}

  // ---- the machine

  private void become(CoordinatorState next, String reason) {
    check(state.canBecome(next), "%s: %s cannot become %s", opening.volume(), state, next);
    effects.log(
        opening.volume(),
        String.format(
            "event=coordinator from=%s to=%s epoch=%s reason=\"%s\"",
            state, next, record.current() == null ? 0 : record.membership().epoch(), reason));
    state = next;
    again = true;
  }

  private void recordChanged() {
    if (record.current() != null && !isEnded()) {
      long freed = members.update(record.membership(), requiredMask(), now);
      writes.forget(freed);
      flushes.forget(freed);
    }
    advance();
  }

  /** Does what is due until nothing is; inputs that come from inside only ask for another round. */
  private void advance() {
    if (advancing) {
      again = true;
      return;
    }
    advancing = true;
    do {
      again = false;
      step();
    } while (again);
    advancing = false;
  }

  private void step() {
    if (isEnded()) {
      return;
    }
    if (state == CoordinatorState.OPENING) {
      opening();
      return;
    }
    record.readIfUncertain(now);
    if (!record.uncertain() && fencedByRecord()) {
      end(departure.isPresent() ? "closed" : "the record names another coordinator or attachment");
      return;
    }
    if (!record.uncertain() && !record.busy()) {
      suspect = false;
    }
    members.connect(now);
    switch (state) {
      case SEALING -> sealing();
      case CONVERGING -> converging();
      case SERVING -> serving();
      case RECONFIGURING -> reconfiguring();
      case CLOSING -> closing();
      case OPENING, FENCED, CLOSED -> {}
    }
    if (!isEnded()) {
      pump();
    }
  }

  private boolean isEnded() {
    return state == CoordinatorState.CLOSED || state == CoordinatorState.FENCED;
  }

  private void pump() {
    if (record.current() != null && state != CoordinatorState.OPENING) {
      members.renew(epoch(), writes.watermark(), join.isPresent() || membersMissing(), now);
    }
    requests.pump();
    writes.recheck();
    writes.pump();
    reads.pump();
    flushes.pump();
  }

  private boolean membersMissing() {
    return record.membership().inSync().size() < record.membership().members().size();
  }

  private boolean fencedByRecord() {
    Membership membership = record.membership();
    boolean otherAttachment =
        opening.generation().isPresent()
            && (membership.attachment().isEmpty()
                || membership.generation() != opening.generation().getAsLong());
    return !membership.names(self.instance()) || otherAttachment;
  }

  // ---- OPENING

  private void opening() {
    record.readIfUncertain(now);
    if (record.busy() || record.uncertain()) {
      return;
    }
    Membership membership = record.membership();
    if (membership.names(self.instance())) {
      settledHeard = membership.settled();
      become(CoordinatorState.SEALING, "recorded");
    } else if (closeWanted) {
      end("closed while opening");
    } else if (!attachedHere(membership)) {
      end("the volume is not attached here");
    } else if (membership.inSync().isEmpty()) {
      end("the record names no in-sync member");
    } else {
      record.swap(
          membership.withCoordinator(Optional.of(self)).withEpoch(membership.epoch() + 1), now);
    }
  }

  private boolean attachedHere(Membership membership) {
    if (opening.generation().isEmpty()) {
      return true;
    }
    return membership.attachment().map(Attachment::node).equals(Optional.of(self.node()))
        && membership.generation() == opening.generation().getAsLong();
  }

  // ---- SEALING

  private void sealing() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    if (record.hasUnresolved() || epochFloor >= record.membership().epoch()) {
      become(CoordinatorState.RECONFIGURING, "the epoch has to move");
      return;
    }
    long inSync = inSyncMask();
    SealRound round = roundFor(true);
    round.ask(inSync, now);
    waitingFor = "promises of " + round.waitingFor(inSync, now);
    if (!round.answeredBy(inSync)) {
      if (!removable().isEmpty()) {
        become(CoordinatorState.RECONFIGURING, "members in trouble");
      }
      return;
    }
    Map<MemberLink, Sealed> answers = new TreeMap<>((a, b) -> Integer.compare(a.slot, b.slot));
    boolean allGood = true;
    for (MemberLink member : of(inSync)) {
      Sealed sealed = round.answer(member);
      answers.put(member, sealed);
      settledHeard = Math.max(settledHeard, sealed.watermark());
      mappedBlocksSealed = Math.max(mappedBlocksSealed, sealed.mappedBlocks());
      allGood &= member.clean() && member.whole();
    }
    if (allGood) {
      sealedMask = inSync;
      sealedEpoch = round.epoch();
      converging = Optional.of(new Converger(this, answers));
      become(CoordinatorState.CONVERGING, "all promised");
    } else if (!removable().isEmpty()) {
      become(CoordinatorState.RECONFIGURING, "unclean or incomplete members");
    } else {
      waitingFor =
          "no in-sync member is clean and whole: the volume stays closed until one of them is back"
              + " with its data, since acknowledged writes may be missing from each";
    }
  }

  private SealRound roundFor(boolean wantTail) {
    Membership membership = record.membership();
    if (sealing.isEmpty() || sealing.get().epoch() != membership.epoch()) {
      View view =
          new View(
              membership.epoch(),
              List.copyOf(membership.inSync()),
              membership.lineage(),
              membership.generation());
      sealing = Optional.of(new SealRound(members, self, view, wantTail));
    }
    return sealing.get();
  }

  // ---- CONVERGING

  private void converging() {
    Converger converger = converging.orElseThrow();
    if (record.uncertain()
        || record.hasUnresolved()
        || epochFloor >= epoch()
        || !removable().isEmpty()) {
      converger.cancel();
      become(CoordinatorState.RECONFIGURING, "members in trouble");
      return;
    }
    converger.pump();
    counters.blocksConverged = Math.max(counters.blocksConverged, converger.copied());
    waitingFor = "the members are made equal";
    if (converger.cancelled() || !roundFor(true).answeredBy(inSyncMask())) {
      converger.cancel();
      sealing = Optional.empty();
      become(CoordinatorState.SEALING, "a connection was lost");
    } else if (converger.done()) {
      startServing();
    }
  }

  private void startServing() {
    waitingFor = "";
    writes.startServing();
    boolean first = !hasServed;
    hasServed = true;
    become(CoordinatorState.SERVING, "all equal");
    if (first) {
      counters.opened++;
      effects.serving(record.current());
    }
  }

  // ---- SERVING

  private void serving() {
    if (record.uncertain() && suspect) {
      return;
    }
    boolean mustChange =
        record.hasUnresolved()
            || epochFloor >= record.membership().epoch()
            || record.membership().epoch() != sealedEpoch
            || writes.sequenceUsedUp()
            || !removable().isEmpty();
    if (mustChange) {
      become(CoordinatorState.RECONFIGURING, "members in trouble or the epoch has to move");
    } else if (closeWanted && requests.idle()) {
      endJoin("closing");
      departure = Optional.of(new Departure(this, writes));
      become(CoordinatorState.CLOSING, "asked to close");
    } else {
      finishJoins();
      advanceJoin();
    }
    waitingFor = mayIssue() ? "" : whyWritesWait();
  }

  private String whyWritesWait() {
    int inSync = record.membership().inSync().size();
    int needed = record.current().copiesToWrite();
    return inSync >= needed
        ? ""
        : String.format(
            "writes wait: %s of the %s copies that failure mode %s needs are in sync",
            inSync, needed, record.current().failureMode().text());
  }

  // ---- joins

  private void advanceJoin() {
    if (join.isEmpty()) {
      startJoin();
      return;
    }
    Join current = join.get();
    if (current.state() == JoinState.SWAPPING) {
      become(CoordinatorState.RECONFIGURING, "a member joins");
      return;
    }
    boolean troubled = current.target.troubleSince(now, timing) >= 0;
    if (current.lostItsConnection() || troubled) {
      current.abort("the target does not answer");
    }
    if (current.state() == JoinState.MARKING) {
      markSyncing(current);
    } else if (!current.over()) {
      current.pump(targetRound());
    }
    if (current.over()) {
      finishJoin(current);
    } else if (current.state() == JoinState.SWAPPING) {
      again = true;
    }
  }

  /** A target promises the epoch of the view that its members have promised already. */
  private SealRound targetRound() {
    return roundFor(false);
  }

  private void startJoin() {
    if (now < joinNotBefore || record.uncertain() || record.busy() || closeWanted) {
      return;
    }
    for (MemberLink member : members.all()) {
      boolean candidate =
          switch (member.member().state()) {
            case EMPTY, OUTDATED, SYNCING -> true;
            case IN_SYNC, FAILED -> false;
          };
      if (candidate && member.isWelcomed() && !member.failed()) {
        attempts++;
        long attempt = Version.of(epoch(), attempts);
        join = Optional.of(new Join(this, writes, opening.volume(), member, attempt));
        again = true;
        return;
      }
    }
  }

  private void markSyncing(Join current) {
    long replica = current.target.member().replica();
    ReplicaState recorded = current.target.member().state();
    if (recorded == ReplicaState.SYNCING) {
      current.marked();
      again = true;
    } else if (recorded == ReplicaState.IN_SYNC || recorded == ReplicaState.FAILED) {
      current.abort("the record says " + recorded);
    } else if (!record.busy() && !record.uncertain()) {
      record.swap(
          record.membership().withMember(replica, member -> member.withState(ReplicaState.SYNCING)),
          now);
    }
  }

  private void endJoin(String reason) {
    join.ifPresent(
        current -> {
          current.abort(reason);
          finishJoin(current);
        });
  }

  private void finishJoin(Join current) {
    if (current.state() == JoinState.DONE) {
      counters.joins++;
      counters.resyncExtents += current.extentsDone();
      joinNotBefore = now;
    } else {
      counters.joinsGivenUp++;
      joinNotBefore = now + timing.renew();
    }
    join = Optional.empty();
    again = true;
  }

  @Override
  public void targetFailed(MemberLink member, String reason) {
    join.filter(current -> current.target == member && !current.over())
        .ifPresent(
            current -> {
              current.abort(reason);
              again = true;
            });
  }

  // ---- RECONFIGURING

  private void reconfiguring() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    dropUnreachableTarget();
    Membership membership = record.membership();
    List<MemberLink> removable = removable();
    Optional<Join> joining = join.filter(current -> current.state() == JoinState.SWAPPING);
    boolean joinRecorded =
        joining.isPresent()
            && membership.inSync().contains(joining.get().target.member().replica());
    if (record.hasUnresolved() || epochFloor >= membership.epoch() || writes.sequenceUsedUp()) {
      swapEpoch(membership);
    } else if (!removable.isEmpty()) {
      swapShrink(membership, removable);
    } else if (joining.isPresent() && !joinRecorded) {
      swapJoin(membership, joining.get());
    } else {
      sealView(joinRecorded ? joining : Optional.empty());
    }
  }

  /**
   * A target that is gone before its join was sent ends its attempt; afterwards the record decides.
   */
  private void dropUnreachableTarget() {
    join.filter(
            current -> current.lostItsConnection() || current.target.troubleSince(now, timing) >= 0)
        .filter(current -> !maybeJoined(current))
        .ifPresent(
            current -> {
              current.abort("the target is gone");
              finishJoin(current);
            });
  }

  private boolean maybeJoined(Join current) {
    long replica = current.target.member().replica();
    return record.membership().inSync().contains(replica)
        || record.unresolvedSets().stream().anyMatch(set -> set.contains(replica));
  }

  private void swapEpoch(Membership membership) {
    int next = Math.max(membership.epoch(), epochFloor) + 1;
    record.swap(membership.withEpoch(next).withSettled(settled()), now);
  }

  private void swapShrink(Membership membership, List<MemberLink> removable) {
    Membership next = membership.withEpoch(membership.epoch() + 1).withSettled(settled());
    long lastInSync = Math.max(settled(), membership.settled());
    for (MemberLink member : removable) {
      long replica = member.member().replica();
      effects.log(
          opening.volume(),
          String.format(
              "event=member_removed replica=%x node=%s clean=%s whole=%s last_in_sync=%s",
              replica,
              member.member().node(),
              member.clean(),
              member.whole(),
              Version.text(lastInSync)));
      next =
          next.withMember(
              replica, old -> old.withState(ReplicaState.OUTDATED).withLastInSync(lastInSync));
      counters.removals++;
    }
    record.swap(next, now);
  }

  private void swapJoin(Membership membership, Join joining) {
    long replica = joining.target.member().replica();
    ReplicaState recorded = joining.target.member().state();
    if (recorded != ReplicaState.SYNCING) {
      joining.abort("the record says " + recorded);
      finishJoin(joining);
      return;
    }
    record.swap(
        membership
            .withEpoch(membership.epoch() + 1)
            .withSettled(settled())
            .withMember(
                replica,
                old -> old.withState(ReplicaState.IN_SYNC).withJoinAttempt(joining.attempt)),
        now);
  }

  /** What every in-sync member surely has: the watermark when serving, else what was heard of. */
  private long settled() {
    return hasServed ? Math.max(writes.watermark(), settledHeard) : settledHeard;
  }

  private void sealView(Optional<Join> joined) {
    if (!hasServed) {
      sealing = Optional.empty();
      become(CoordinatorState.SEALING, "the new view is recorded");
      return;
    }
    long inSync = inSyncMask();
    SealRound round = roundFor(false);
    long asked = inSync | targetMask();
    round.ask(asked, now);
    waitingFor = "promises of " + round.waitingFor(asked, now);
    if (!round.answeredBy(asked) || !allGood(inSync)) {
      return;
    }
    sealedMask = inSync;
    sealedEpoch = round.epoch();
    joined.ifPresent(
        current -> {
          current.joined();
          finishJoin(current);
        });
    waitingFor = "";
    become(CoordinatorState.SERVING, "the view is sealed");
  }

  private boolean allGood(long mask) {
    return of(mask).stream().allMatch(member -> member.clean() && member.whole());
  }

  private long targetMask() {
    return join.filter(Join::needsSeal).map(current -> current.target.bit()).orElse(0L);
  }

  /**
   * Members to remove now: in trouble, unclean or not whole, provided that every other one has
   * answered since the trouble began and one of them at least is clean and whole. Never the last
   * one.
   */
  private List<MemberLink> removable() {
    List<MemberLink> bad = new ArrayList<>();
    List<MemberLink> rest = new ArrayList<>();
    long since = Long.MAX_VALUE;
    for (MemberLink member : of(inSyncMask())) {
      long trouble = member.troubleSince(now, timing);
      boolean untrusted = member.isWelcomed() && !(member.clean() && member.whole());
      if (trouble >= 0 || untrusted) {
        bad.add(member);
        since = Math.min(since, trouble >= 0 ? trouble : Long.MAX_VALUE);
      } else {
        rest.add(member);
      }
    }
    if (bad.isEmpty()) {
      return List.of();
    }
    long answeredSince = since == Long.MAX_VALUE ? Long.MIN_VALUE : since;
    boolean allAnswered = rest.stream().allMatch(member -> member.answeredSince(answeredSince));
    if (rest.isEmpty() || !allAnswered) {
      waitingFor =
          rest.isEmpty() ? "no in-sync member is reachable, clean and whole" : "the other members";
      return List.of();
    }
    return bad;
  }

  // ---- CLOSING

  private void closing() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    Departure leaving = departure.orElseThrow();
    boolean mustChange =
        record.hasUnresolved()
            || epochFloor >= record.membership().epoch()
            || !removable().isEmpty();
    if (mustChange) {
      departure = Optional.empty();
      become(CoordinatorState.RECONFIGURING, "members in trouble while closing");
    } else if (leaving.pump(flushes)) {
      record.swap(
          record
              .membership()
              .withCoordinator(Optional.empty())
              .withEpoch(record.membership().epoch() + 1)
              .withSettled(settled()),
          now);
    }
  }

  /** Members whose join is recorded and sealed may forget that they were incomplete. */
  private void finishJoins() {
    for (MemberLink member : members.all()) {
      if (member.wantsFinish(epoch())) {
        member.finishAsked();
        member.ask(
            new FinishJoin(members.nextRequest(), epoch(), member.member().joinAttempt()),
            new MemberLink.Answer() {
              @Override
              public void answered(Message answer, long at) {
                if (answer instanceof Done done && done.outcome() == Outcome.OK) {
                  member.finished();
                } else {
                  members.refused(member, answer, at);
                }
              }

              @Override
              public void lost() {}
            },
            now);
      }
    }
  }

  // ---- ends

  private void end(String reason) {
    if (state != CoordinatorState.FENCED) {
      become(CoordinatorState.FENCED, reason);
    }
    suspect = true;
    converging.ifPresent(Converger::cancel);
    join.ifPresent(current -> current.abort(reason));
    reads.failAll();
    writes.failAll();
    flushes.failAll();
    requests.failAll();
    members.closeAll();
    become(CoordinatorState.CLOSED, reason);
    effects.closed(reason);
  }

  // ---- what the parts ask

  private long inSyncMask() {
    return members.mask(record.membership().inSync());
  }

  private List<MemberLink> of(long mask) {
    return members.all().stream().filter(member -> (mask & member.bit()) != 0).toList();
  }

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
  public long requiredMask() {
    long mask = sealedMask;
    if (record.current() != null) {
      mask |= maskOfKnown(record.membership().inSync());
      for (SortedSet<Long> set : record.unresolvedSets()) {
        mask |= maskOfKnown(set);
      }
    }
    return mask | join.filter(Join::counts).map(current -> current.target.bit()).orElse(0L);
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
    return requiredMask()
        | join.filter(Join::inStream).map(current -> current.target.bit()).orElse(0L);
  }

  @Override
  public boolean mayIssue() {
    return state == CoordinatorState.SERVING
        && !suspect
        && sealedEpoch == epoch()
        && join.filter(Join::holdsWrites).isEmpty()
        && enoughCopies();
  }

  private boolean enoughCopies() {
    return record.membership().inSync().size() >= record.current().copiesToWrite();
  }

  @Override
  public boolean mayAcknowledge() {
    boolean working =
        state == CoordinatorState.SERVING
            || state == CoordinatorState.RECONFIGURING
            || state == CoordinatorState.CLOSING;
    return working && hasServed && !suspect && enoughCopies();
  }

  @Override
  public boolean mayAnswerReads() {
    long required = requiredMask();
    boolean working =
        state == CoordinatorState.SERVING
            || state == CoordinatorState.RECONFIGURING
            || state == CoordinatorState.CLOSING;
    return working
        && hasServed
        && !suspect
        && of(required).stream().allMatch(member -> member.leaseValid(now));
  }

  @Override
  public long readableMask() {
    long readable = 0;
    if (hasServed && !isEnded()) {
      for (MemberLink member : of(inSyncMask() & sealedMask)) {
        if (member.usable(epoch()) && member.clean() && member.whole()) {
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

  @Override
  public void memberFailed(MemberLink member) {
    effects.log(
        opening.volume(),
        String.format("event=member_failed replica=%x", member.member().replica()));
    member.fail();
    again = true;
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
  public CoordinatorEffects effects() {
    return effects;
  }

  private final class Links implements Members.Listener {
    @Override
    public long now() {
      return effects.now();
    }

    @Override
    public void memberWelcomed(MemberLink member, boolean restarted, long time) {
      now = time;
      if (member.promise() > epochFloor && member.promise() > epoch()) {
        fencedBy(member.promise(), time);
      }
    }

    @Override
    public void memberLost(MemberLink member, long time) {
      now = time;
    }

    @Override
    public void fencedBy(int promise, long time) {
      now = time;
      if (promise > epoch() && promise > epochFloor) {
        epochFloor = promise;
        suspect = true;
        record.doubt();
        again = true;
      }
    }

    @Override
    public void answered(long time) {
      now = time;
      advance();
    }
  }
}
