package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.model.Invariants.check;

import io.ashlar.model.Version;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.BeginAttempt;
import io.ashlar.wire.Message.Begun;
import io.ashlar.wire.Message.Digest;
import io.ashlar.wire.Message.Digests;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Extents;
import io.ashlar.wire.Message.ListExtents;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.PrepareJoin;
import io.ashlar.wire.Message.Pull;
import io.ashlar.wire.Message.Source;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * One resync attempt of one target, from its coordinator's side: see {@link JoinState} for the
 * steps. The machine moves the record (MARKING, SWAPPING) and holds new writes while {@link
 * #holdsWrites}; this class asks the questions. Loop thread only.
 *
 * <p>The order of the steps is what makes the result complete: the target enters the live stream
 * first ({@code liveFrom}); then every older version reaches all in-sync members; only then is the
 * delta listed. So each write is in the stream or in the delta, or in both.
 */
final class Join {
  private static final int COMPARE_ROUNDS_MAX = 3;
  private static final int PULL_RETRIES_MAX = 20;

  /** A part of the delta is 32 MiB. */
  private static final long PULL_NANOS_MAX = 30_000_000_000L;

  private final CoordinatorContext context;
  private final WritePipeline writes;
  private final VolumeId volume;
  final MemberLink target;
  final long attempt;
  private final long connection;

  private JoinState state = JoinState.MARKING;
  private boolean asked;
  private long liveFrom = Long.MAX_VALUE;
  private long base;
  private long[] fresh;
  private long drained;
  private int compareRounds;
  private int pullRetries;
  private long pullAskedAt;

  private final JoinDelta delta = new JoinDelta();

  /** Extents in a range with versions above this, of one member. */
  private record Listing(MemberLink member, long above, long first, long last) {}

  private final Deque<Listing> toList = new ArrayDeque<>();
  private long excludedSource;

  private long[] mine;
  private long[] theirs;

  private final long startedAt;

  Join(
      CoordinatorContext context,
      WritePipeline writes,
      VolumeId volume,
      MemberLink target,
      long attempt) {
    this.context = context;
    this.writes = writes;
    this.volume = volume;
    this.target = target;
    this.attempt = attempt;
    this.connection = target.connection();
    this.startedAt = context.now();
  }

  JoinState state() {
    return state;
  }

  long liveFrom() {
    return liveFrom;
  }

  boolean over() {
    return state == JoinState.DONE || state == JoinState.ABORTED;
  }

  /** Whether the target gets live frames. */
  boolean inStream() {
    return switch (state) {
      case SETTLING, LISTING, PULLING, DRAINING, COMPARING, PREPARING, SWAPPING -> true;
      case MARKING, SEALING, BEGINNING, DONE, ABORTED -> false;
    };
  }

  /** Whether its answers are needed for acknowledgements. */
  boolean counts() {
    return switch (state) {
      case DRAINING, COMPARING, PREPARING, SWAPPING -> true;
      default -> false;
    };
  }

  boolean holdsWrites() {
    return counts();
  }

  /** Whether the target has to promise an epoch before the machine goes on. */
  boolean needsSeal() {
    return state != JoinState.MARKING && !over();
  }

  /**
   * The connection the attempt began on is gone; with a join under way the record decides instead.
   */
  boolean lostItsConnection() {
    return !target.isWelcomed() || target.connection() != connection;
  }

  private void become(JoinState next) {
    check(
        state.canBecome(next),
        "resync of %x: %s cannot become %s",
        target.member().replica(),
        state,
        next);
    state = next;
    asked = false;
  }

  void abort(String reason) {
    if (!over()) {
      context
          .effects()
          .log(volume, event("resync_given_up") + " state=" + state + " reason=\"" + reason + "\"");
      become(JoinState.ABORTED);
    }
  }

  private String event(String name) {
    return String.format(
        "event=%s replica=%x attempt=%x", name, target.member().replica(), attempt);
  }

  /** The record says SYNCING now. */
  void marked() {
    become(JoinState.SEALING);
  }

  /** The join is in the record and its view is sealed by all. */
  void joined() {
    become(JoinState.DONE);
    context
        .effects()
        .log(
            volume,
            event("resync_done")
                + " bytes="
                + delta.pulledExtents() * EXTENT_BLOCKS * BLOCK_BYTES
                + " millis="
                + (context.now() - startedAt) / 1_000_000);
  }

  /** Goes on as far as it can. */
  void pump(SealRound targetSeal) {
    switch (state) {
      case SEALING -> {
        targetSeal.ask(target.bit(), context.now());
        if (targetSeal.answered(target)) {
          become(JoinState.BEGINNING);
          pump(targetSeal);
        }
      }
      case BEGINNING -> begin();
      case SETTLING -> settle();
      case LISTING -> list();
      case PULLING -> pull();
      case DRAINING -> drain();
      case COMPARING -> compare();
      case PREPARING -> prepare();
      case MARKING, SWAPPING, DONE, ABORTED -> {}
    }
  }

  private void begin() {
    if (!asked && target.usable(context.epoch())) {
      boolean empty = target.member().lastInSync() == 0 && target.member().joinAttempt() == 0;
      ask(
          target,
          new BeginAttempt(
              request(), context.epoch(), attempt, target.member().lastInSync(), empty),
          answer -> {
            Begun begun = (Begun) answer;
            base = begun.base();
            fresh = begun.fresh();
            liveFrom = writes.nextVersion();
            writes.feedFromNow(target);
            become(JoinState.SETTLING);
            context
                .effects()
                .log(
                    volume,
                    event("resync_begun")
                        + String.format(
                            " base=%x live_from=%x fresh=%s",
                            base, liveFrom, Arrays.toString(fresh)));
          });
    }
  }

  private void settle() {
    if (writes.appliedBy(context.requiredMask(), liveFrom)) {
      for (MemberLink member : context.members().all()) {
        if ((context.requiredMask() & member.bit()) != 0) {
          addListings(member);
        }
      }
      addListings(target);
      become(JoinState.LISTING);
      list();
    }
  }

  private void addListings(MemberLink member) {
    toList.add(new Listing(member, base, 0, Long.MAX_VALUE));
    for (int i = 0; i < fresh.length; i += 2) {
      toList.add(new Listing(member, Version.NONE, fresh[i], fresh[i + 1]));
    }
  }

  private void list() {
    if (asked) {
      return;
    }
    toList.removeIf(
        each -> each.member != target && (context.requiredMask() & each.member.bit()) == 0);
    if (toList.isEmpty()) {
      delta.planPull();
      become(JoinState.PULLING);
      pull();
    } else {
      listFrom(toList.peek(), toList.peek().first);
    }
  }

  private void listFrom(Listing listing, long fromExtent) {
    if (!listing.member.usable(context.epoch())) {
      return;
    }
    asked = true;
    ask(
        listing.member,
        new ListExtents(request(), context.epoch(), listing.above, fromExtent),
        answer -> {
          Extents extents = (Extents) answer;
          delta.add(extents.extents(), listing.last);
          asked = false;
          if (extents.nextExtent() >= 0 && extents.nextExtent() <= listing.last) {
            listFrom(listing, extents.nextExtent());
          } else {
            toList.poll();
          }
        });
  }

  private void pull() {
    if (asked && context.now() - pullAskedAt > PULL_NANOS_MAX) {
      abort("a part of the delta took longer than " + PULL_NANOS_MAX / 1_000_000_000L + " s");
      return;
    }
    if (asked || !target.usable(context.epoch())) {
      return;
    }
    long[] part = delta.nextToPull();
    if (part == null) {
      writes.joined(target, liveFrom);
      become(JoinState.DRAINING);
      return;
    }
    List<Source> sources = sources();
    if (sources.isEmpty()) {
      excludedSource = 0;
      return;
    }
    asked = true;
    pullAskedAt = context.now();
    target.askPatiently(
        new Pull(request(), context.epoch(), attempt, liveFrom, part, sources),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            asked = false;
            pulled(answer, now);
          }

          @Override
          public void lost() {
            asked = false;
          }
        },
        context.now());
  }

  private List<Source> sources() {
    List<Source> sources = new ArrayList<>();
    for (MemberLink member : context.members().all()) {
      boolean good =
          (context.requiredMask() & member.bit()) != 0
              && member != target
              && member.usable(context.epoch())
              && member.clean()
              && member.whole()
              && member.member().replica() != excludedSource;
      if (good) {
        sources.add(
            new Source(
                member.member().replica(),
                member.member().incarnation(),
                member.member().node().value(),
                member.startId()));
      }
    }
    return sources;
  }

  private void pulled(Message answer, long now) {
    if (over() || !(answer instanceof Done done)) {
      context.members().refused(target, answer, now);
      retryPull(0);
      return;
    }
    if (done.outcome() == Outcome.OK) {
      delta.pulled();
      excludedSource = 0;
    } else if (done.outcome() == Outcome.REFUSED && done.detail() != 0) {
      retryPull(done.detail());
    } else {
      abort("pull answered " + done.outcome());
    }
  }

  private void retryPull(long failedSource) {
    excludedSource = failedSource;
    pullRetries++;
    if (pullRetries > PULL_RETRIES_MAX) {
      abort("no source could serve the delta");
    }
  }

  private void drain() {
    if (writes.appliedBy(context.requiredMask(), Long.MAX_VALUE)) {
      drained = writes.lastVersion();
      delta.startComparing();
      become(JoinState.COMPARING);
      compare();
    }
  }

  private void compare() {
    MemberLink reference = reference();
    if (asked || reference == null || !target.usable(context.epoch())) {
      return;
    }
    long[] part = delta.nextToCompare();
    if (part.length == 0) {
      comparedAll();
      return;
    }
    asked = true;
    mine = null;
    theirs = null;
    ask(
        reference,
        new Digest(request(), context.epoch(), part),
        answer -> {
          mine = ((Digests) answer).digests();
          comparePart(part);
        });
    ask(
        target,
        new Digest(request(), context.epoch(), part),
        answer -> {
          theirs = ((Digests) answer).digests();
          comparePart(part);
        });
  }

  private MemberLink reference() {
    for (MemberLink member : context.members().all()) {
      boolean good =
          (context.requiredMask() & member.bit()) != 0
              && member != target
              && member.usable(context.epoch());
      if (good) {
        return member;
      }
    }
    return null;
  }

  private void comparePart(long[] part) {
    if (mine == null || theirs == null) {
      return;
    }
    delta.compared(part, mine, theirs);
    asked = false;
  }

  private void comparedAll() {
    int different = delta.differentExtents();
    if (different == 0) {
      become(JoinState.PREPARING);
      prepare();
      return;
    }
    context.effects().log(volume, event("resync_differs") + " extents=" + different);
    compareRounds++;
    if (compareRounds >= COMPARE_ROUNDS_MAX) {
      abort("the copies still differ after " + compareRounds + " rounds");
      return;
    }
    delta.planPullOfDifferent();
    become(JoinState.PULLING);
  }

  private void prepare() {
    if (!asked && target.usable(context.epoch())) {
      asked = true;
      ask(
          target,
          new PrepareJoin(request(), context.epoch(), attempt, drained),
          answer -> {
            target.joinedBy(attempt);
            become(JoinState.SWAPPING);
          });
    }
  }

  // ---- progress

  /** Extents pulled so far, and extents still to pull. */
  long extentsDone() {
    return delta.pulledExtents();
  }

  long extentsLeft() {
    return delta.leftToPull();
  }

  long startedAt() {
    return startedAt;
  }

  private long request() {
    return context.members().nextRequest();
  }

  private interface Good {
    void take(Message answer);
  }

  private void ask(MemberLink member, Message question, Good good) {
    asked = true;
    JoinState askedIn = state;
    member.ask(
        question,
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            if (state != askedIn) {
              answer.discard();
            } else if (answer instanceof Done done && done.outcome() != Outcome.OK) {
              abort(question.getClass().getSimpleName() + " answered " + done.outcome());
            } else if (answer instanceof Message.Fenced) {
              asked = false;
              context.members().refused(member, answer, now);
            } else {
              good.take(answer);
            }
          }

          @Override
          public void lost() {
            if (state == askedIn) {
              asked = false;
            }
          }
        },
        context.now());
  }
}
