package io.ashlar.protocol;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.Version;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Data;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Read;
import io.ashlar.wire.Message.Sealed;
import io.ashlar.wire.Message.Sync;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import io.ashlar.wire.Message.WriteRange;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the in-sync members equal on the union of their tails: for every block the copy with the
 * highest version goes verbatim to those that lack it, then all of them sync. Whatever was not in
 * somebody's tail is below that member's watermark, hence at all of them already. Applying is
 * conditional on the version, so the order of the steps does not matter and doing one twice is
 * harmless.
 *
 * <p>A highest copy that fails its check and stands alone was never acknowledged: then the next
 * one, read from the others, replaces it.
 *
 * <p>Any lost connection makes the machine seal again and throw this object away. Loop thread only.
 */
final class Converger {
  private static final int WINDOW = 32;

  /** A block of data and who has it. */
  private record Copy(long block, long version, long holders) {}

  private final CoordinatorContext context;
  private final long members;
  private final long watermark;
  private final Deque<Runnable> steps = new ArrayDeque<>();
  private int running;
  private boolean cancelled;
  private boolean syncing;
  private boolean done;
  private long copied;

  Converger(CoordinatorContext context, Map<MemberLink, Sealed> sealed) {
    this.context = context;
    long mask = 0;
    long highest = 0;
    for (Map.Entry<MemberLink, Sealed> entry : sealed.entrySet()) {
      mask |= entry.getKey().bit();
      highest = Math.max(highest, entry.getValue().watermark());
    }
    this.members = mask;
    this.watermark = highest;
    plan(sealed);
  }

  private void plan(Map<MemberLink, Sealed> sealed) {
    Map<Long, Copy> best = new TreeMap<>();
    Map<TailEntry, Long> ranges = new TreeMap<>(Converger::compareRanges);
    sealed.forEach(
        (member, answer) -> {
          for (TailEntry entry : answer.tail()) {
            if (entry.tombstone()) {
              ranges.merge(entry, member.bit(), (a, b) -> a | b);
            } else {
              addBlocks(best, entry, member.bit());
            }
          }
        });
    ranges.forEach((range, holders) -> steps.add(() -> sendRange(range, members & ~holders)));
    best.values().forEach(copy -> steps.add(() -> copy(copy, copy.holders)));
  }

  private static void addBlocks(Map<Long, Copy> best, TailEntry entry, long holder) {
    for (int i = 0; i < entry.blocks(); i++) {
      Copy mine = new Copy(entry.firstBlock() + i, entry.version() + i, holder);
      best.merge(mine.block, mine, Converger::higher);
    }
  }

  private static Copy higher(Copy a, Copy b) {
    if (a.version == b.version) {
      return new Copy(a.block, a.version, a.holders | b.holders);
    }
    return a.version > b.version ? a : b;
  }

  private static int compareRanges(TailEntry a, TailEntry b) {
    int byBlock = Long.compare(a.firstBlock(), b.firstBlock());
    int byLength = Long.compare(a.blocks(), b.blocks());
    return byBlock != 0
        ? byBlock
        : byLength != 0 ? byLength : Long.compare(a.version(), b.version());
  }

  boolean cancelled() {
    return cancelled;
  }

  void cancel() {
    cancelled = true;
  }

  boolean done() {
    return done;
  }

  long copied() {
    return copied;
  }

  void pump() {
    while (!cancelled && running < WINDOW && !steps.isEmpty()) {
      steps.poll().run();
    }
    if (!cancelled && running == 0 && steps.isEmpty()) {
      if (syncing) {
        done = true;
      } else {
        syncing = true;
        syncAll();
      }
    }
  }

  private void sendRange(TailEntry range, long lacking) {
    for (MemberLink member : of(lacking)) {
      ask(
          member,
          new WriteRange(
              request(),
              context.epoch(),
              watermark,
              range.firstBlock(),
              range.blocks(),
              range.version()));
    }
  }

  private void copy(Copy copy, long readable) {
    if ((members & ~copy.holders) == 0) {
      return;
    }
    List<MemberLink> sources = of(readable);
    if (sources.isEmpty()) {
      replaceCorrupt(copy, members & ~copy.holders);
      return;
    }
    MemberLink source = sources.getFirst();
    read(
        source,
        copy.block,
        run -> {
          if (run.kinds()[0] == BlockKind.CORRUPT) {
            run.release();
            copy(copy, readable & ~source.bit());
          } else {
            spread(run, WriteMode.IF_NEWER, members & ~copy.holders);
          }
        });
  }

  /** No holder of the highest version can read it: what the others have becomes everybody's. */
  private void replaceCorrupt(Copy copy, long readable) {
    List<MemberLink> sources = of(readable);
    if (sources.isEmpty()) {
      return;
    }
    MemberLink source = sources.getFirst();
    read(
        source,
        copy.block,
        run -> {
          if (run.kinds()[0] == BlockKind.CORRUPT) {
            run.release();
            replaceCorrupt(copy, readable & ~source.bit());
          } else {
            spread(run, WriteMode.EXACT, members & ~source.bit());
          }
        });
  }

  private void spread(BlockRun run, WriteMode mode, long to) {
    for (MemberLink member : of(to)) {
      if (run.payload() != null) {
        run.payload().retain();
      }
      copied++;
      ask(member, new Write(request(), context.epoch(), watermark, mode, run));
    }
    run.release();
  }

  private void syncAll() {
    for (MemberLink member : of(members)) {
      ask(member, new Sync(request(), context.epoch(), watermark));
    }
    if (running == 0) {
      done = true;
    }
  }

  private interface RunTaker {
    void take(BlockRun run);
  }

  private void read(MemberLink member, long block, RunTaker taker) {
    running++;
    member.ask(
        new Read(request(), context.epoch(), block, 1),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            running--;
            if (cancelled || !(answer instanceof Data data)) {
              unexpected(member, answer, now);
            } else {
              taker.take(data.run());
            }
          }

          @Override
          public void lost() {
            cancelled = true;
          }
        },
        context.now());
  }

  private void ask(MemberLink member, Message order) {
    running++;
    member.ask(
        order,
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            running--;
            if (answer instanceof Done done && done.outcome() == Outcome.OK) {
              member.applied(highest(order));
            } else {
              unexpected(member, answer, now);
            }
          }

          @Override
          public void lost() {
            cancelled = true;
          }
        },
        context.now());
  }

  /** The highest version that the member holds now because of the order; none of a sync. */
  private static long highest(Message order) {
    return switch (order) {
      case Write write -> Arrays.stream(write.run().versions()).max().orElse(Version.NONE);
      case WriteRange range -> range.version();
      default -> Version.NONE;
    };
  }

  private void unexpected(MemberLink member, Message answer, long now) {
    cancelled = true;
    if (answer instanceof Done done && done.outcome() != Outcome.OK) {
      context.memberFailed(member);
    } else {
      context.members().refused(member, answer, now);
    }
  }

  private List<MemberLink> of(long mask) {
    return Arrays.stream(context.members().all())
        .filter(member -> (mask & member.bit()) != 0)
        .toList();
  }

  private long request() {
    return context.members().nextRequest();
  }
}
