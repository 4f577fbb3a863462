package io.ashlar.protocol;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.PayloadPool;
import io.ashlar.model.Blocks;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The coordinator of one volume: orders writes, decides who is in sync, and changes the record by
 * compare-and-set. {@link CoordinatorState} is the machine; this class moves it and asks its parts
 * to do the work: {@link Takeover} (until it serves), {@link Requests} (front-end), {@link
 * WritePipeline}, {@link ReadPath}, {@link FlushPath}, {@link Joins}, {@link Reconfiguration},
 * {@link RecordKeeper}, {@link Members}. {@link Standing} is what all of them see of each other.
 *
 * <p>It is level-triggered: every input ends in {@link #advance}, which looks at what is the case
 * and does the next step that is due, until nothing changes. Loop thread only.
 */
public final class CoordinatorMachine {
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
  private final Standing standing;

  private final RecordKeeper record;
  private final Members members;
  private final SealRounds rounds;
  private final Joins joins;
  private final Reconfiguration reconfiguration;
  private final Takeover takeover;
  private final WritePipeline writes;
  private final ReadPath reads;
  private final FlushPath flushes;
  private final Requests requests;
  private final MappedPath mapped;
  private final CoordinatorCounters counters = new CoordinatorCounters();

  private boolean advancing;
  private boolean closeWanted;
  private Optional<Departure> departure = Optional.empty();

  public CoordinatorMachine(
      Opening opening, CoordinatorEffects effects, Timing timing, PayloadPool pool) {
    VolumeId volume = opening.volume();
    this.opening = opening;
    this.self = opening.self();
    this.effects = effects;
    this.record = new RecordKeeper(effects, timing, this::recordChanged);
    this.members = new Members(opening.cluster(), volume, self, effects, timing, new Links());
    this.standing = new Standing(volume, self, effects, pool, record, members);
    this.requests = new Requests(standing);
    this.writes = new WritePipeline(standing, requests::writeDone);
    this.reads = new ReadPath(standing, writes);
    this.flushes = new FlushPath(standing, writes);
    this.mapped = new MappedPath(reads, standing);
    requests.connect(writes, reads, flushes);
    this.rounds = new SealRounds(record, members, self);
    this.joins = new Joins(volume, standing, record, writes, timing, counters);
    standing.connect(joins);
    this.reconfiguration =
        new Reconfiguration(volume, standing, record, rounds, joins, writes, timing, counters);
    this.takeover =
        new Takeover(
            self, opening.generation(), standing, record, rounds, reconfiguration, counters);
  }

  // ---- inputs

  /** First call. */
  public void open(long time) {
    standing.at(time);
    advance();
  }

  /** Looks at the clock. */
  public void tick(long time) {
    standing.at(time);
    advance();
  }

  /** Takes a front-end's request over. */
  public void submit(long session, BlockRequest request, long time) {
    standing.at(time);
    requests.submit(session, request);
    advance();
  }

  /** Reports runs of mapped blocks; {@link MappedPath}. */
  public void mapped(
      long offsetBytes, long lengthBytes, BlockDevice.MappedCallback done, long time) {
    standing.at(time);
    mapped.ask(offsetBytes, lengthBytes, done);
    advance();
  }

  public long openSession() {
    return requests.openSession();
  }

  public void endSession(long session, long time) {
    standing.at(time);
    requests.endSession(session);
    advance();
  }

  /** Drains, flushes, and leaves the record; {@link CoordinatorEffects#closed} tells when. */
  public void close(long time) {
    standing.at(time);
    closeWanted = true;
    advance();
  }

  /** Stops at once, answering nothing more: the process is going away, or an operator insists. */
  public void abandon(String reason, long time) {
    standing.at(time);
    if (state() != CoordinatorState.CLOSED) {
      end(reason);
    }
  }

  /** The record may have changed (new members, new size, new mode): read it again. */
  public void recordMayHaveChanged(long time) {
    standing.at(time);
    record.doubt();
    advance();
  }

  public CoordinatorState state() {
    return standing.state();
  }

  /** What an operator should know: what it waits for, or "". */
  public String waitingFor() {
    return standing.waitingFor();
  }

  public Optional<VolumeView> view() {
    return Optional.ofNullable(record.current());
  }

  /**
   * True only if it is certain that no in-sync member holds data: each said so with its promise,
   * and nothing has been issued since.
   */
  public boolean knownUnmapped() {
    return standing.hasServed() && takeover.mappedBlocksSealed() == 0 && writes.nothingIssued();
  }

  public CoordinatorCounters counters() {
    counters.uncertainSwaps = record.uncertainOutcomes();
    counters.readsOverlappingWrites = reads.overlapping();
    counters.blocksRepaired = reads.repaired();
    return counters;
  }

  /** The resync under way, if any. */
  public Optional<Progress> progress() {
    return joins
        .current()
        .map(
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

  private void recordChanged() {
    if (record.current() != null && !standing.isEnded()) {
      long freed = members.update(record.membership(), standing.requiredMask(), standing.now());
      writes.forget(freed);
      flushes.forget(freed);
    }
    advance();
  }

  /** Does what is due until nothing is; inputs that come from inside only ask for another round. */
  private void advance() {
    if (advancing) {
      standing.lookAgain();
      return;
    }
    advancing = true;
    do {
      standing.beginLook();
      step();
    } while (standing.looksAgain());
    advancing = false;
  }

  private void step() {
    if (standing.isEnded()) {
      return;
    }
    if (state() == CoordinatorState.OPENING) {
      takeover.open(closeWanted).ifPresent(this::end);
      return;
    }
    record.readIfUncertain(standing.now());
    if (!record.uncertain() && fencedByRecord()) {
      end(departure.isPresent() ? "closed" : "the record names another coordinator or attachment");
      return;
    }
    if (!record.uncertain() && !record.busy()) {
      standing.trust();
    }
    members.connect(standing.now());
    switch (state()) {
      case SEALING -> takeover.seal();
      case CONVERGING -> {
        if (takeover.converge()) {
          startServing();
        }
      }
      case SERVING -> serving();
      case RECONFIGURING -> reconfiguring();
      case CLOSING -> closing();
      case OPENING, FENCED, CLOSED -> {}
    }
    if (!standing.isEnded()) {
      pump();
    }
  }

  private void pump() {
    if (record.current() != null && state() != CoordinatorState.OPENING) {
      boolean attemptOpen = joins.current().isPresent() || membersMissing();
      members.renew(standing.epoch(), writes.watermark(), attemptOpen, standing.now());
    }
    requests.pump();
    writes.recheck();
    writes.pump();
    reads.pump();
    flushes.pump();
  }

  private boolean membersMissing() {
    return standing.inSyncCount() < record.membership().members().size();
  }

  private boolean fencedByRecord() {
    Membership membership = record.membership();
    boolean otherAttachment =
        opening.generation().isPresent()
            && (membership.attachment().isEmpty()
                || membership.generation() != opening.generation().getAsLong());
    return !membership.names(self.instance()) || otherAttachment;
  }

  // ---- SERVING

  private void startServing() {
    standing.waitFor("");
    writes.startServing();
    boolean first = !standing.hasServed();
    standing.served();
    standing.become(CoordinatorState.SERVING, "all equal");
    if (first) {
      counters.opened++;
      effects.serving(record.current());
    }
  }

  private void serving() {
    if (record.uncertain() && standing.suspect()) {
      return;
    }
    boolean mustChange =
        !standing.epochIsSealed() || writes.sequenceUsedUp() || reconfiguration.isDue();
    if (mustChange) {
      standing.become(
          CoordinatorState.RECONFIGURING, "members in trouble or the epoch has to move");
    } else if (closeWanted && requests.idle()) {
      joins.end("closing");
      departure = Optional.of(new Departure(standing, writes));
      standing.become(CoordinatorState.CLOSING, "asked to close");
    } else {
      joins.forgetIncomplete();
      if (joins.advance(!closeWanted, () -> rounds.forEpoch(false))) {
        standing.become(CoordinatorState.RECONFIGURING, "a member joins");
      }
    }
    standing.waitFor(standing.mayIssue() ? "" : whyWritesWait());
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

  // ---- RECONFIGURING

  private void reconfiguring() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    switch (reconfiguration.advance()) {
      case UNDER_WAY -> {}
      case RECORDED -> {
        rounds.startOver();
        standing.become(CoordinatorState.SEALING, "the new view is recorded");
      }
      case SEALED -> standing.become(CoordinatorState.SERVING, "the view is sealed");
    }
  }

  // ---- CLOSING

  private void closing() {
    if (record.uncertain() || record.busy()) {
      return;
    }
    if (reconfiguration.isDue()) {
      departure = Optional.empty();
      standing.become(CoordinatorState.RECONFIGURING, "members in trouble while closing");
    } else if (departure.orElseThrow().pump(flushes)) {
      record.swap(
          record
              .membership()
              .withCoordinator(Optional.empty())
              .withEpoch(record.membership().epoch() + 1)
              .withSettled(reconfiguration.settled()),
          standing.now());
    }
  }

  // ---- ends

  private void end(String reason) {
    if (state() != CoordinatorState.FENCED) {
      standing.become(CoordinatorState.FENCED, reason);
    }
    standing.distrust();
    takeover.cancel();
    joins.abort(reason);
    reads.failAll();
    writes.failAll();
    flushes.failAll();
    requests.failAll();
    members.closeAll();
    standing.become(CoordinatorState.CLOSED, reason);
    effects.closed(reason);
  }

  private final class Links implements Members.Listener {
    @Override
    public long now() {
      return effects.now();
    }

    @Override
    public void memberWelcomed(MemberLink member, boolean restarted, long time) {
      fencedBy(member.promise(), time);
    }

    @Override
    public void memberLost(MemberLink member, long time) {
      standing.at(time);
    }

    @Override
    public void fencedBy(int promise, long time) {
      standing.at(time);
      standing.fencedBy(promise);
    }

    @Override
    public void damaged(MemberLink member, long extent) {
      long first = extent * Blocks.EXTENT_BLOCKS;
      long end = (standing.sizeBytes() + Blocks.BLOCK_BYTES - 1) / Blocks.BLOCK_BYTES;
      if (state() == CoordinatorState.SERVING && first < end) {
        reads.heal(member, first, (int) Math.min(Blocks.EXTENT_BLOCKS, end - first));
      }
    }

    @Override
    public void answered(long time) {
      standing.at(time);
      advance();
    }
  }
}
