package io.ashlar.protocol;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Data;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Read;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads of a serving coordinator: from the local replica or else another in-sync one, answered only
 * while all leases are valid and only with what is acknowledged; a copy that fails its check is
 * read elsewhere and repaired. Sealed blocks are restored here, and go back as they were stored for
 * a repair. Loop thread only.
 */
final class ReadPath {
  /** Receives the blocks; takes the run over. With another status than OK it is null. */
  interface Callback {
    void done(Status status, BlockRun run);
  }

  private static final class Task {
    final long firstBlock;
    final int count;
    final Callback callback;

    /** Members whose copy of some block failed its check, with those blocks. */
    long corruptMask;

    final List<Corrupt> corrupt = new ArrayList<>();

    /** Every block was read by itself, so that each has been repaired that can be. */
    boolean oneByOne;

    /** Whoever asked is told only when the repairs are done. */
    boolean awaitsRepairs;

    Task(long firstBlock, int count, Callback callback) {
      this.firstBlock = firstBlock;
      this.count = count;
      this.callback = callback;
    }
  }

  private record Corrupt(MemberLink member, int index) {}

  /**
   * What a member has answered.
   *
   * @param stored as it is on the disks
   * @param plain for whoever asked; the same if nothing is sealed
   */
  private record Found(BlockRun stored, BlockRun plain) {
    void release() {
      plain.release();
      releaseStored();
    }

    void releaseStored() {
      if (stored != plain) {
        stored.release();
      }
    }
  }

  private record Answerable(Task task, Found found) {}

  private final CoordinatorContext context;
  private final WritePipeline writes;

  /** Tasks that nobody could be asked for. */
  private final List<Task> waiting = new ArrayList<>();

  /** Tasks whose data is here, but not all leases are valid. */
  private final List<Answerable> withoutLease = new ArrayList<>();

  private boolean failed;
  private long overlapping;
  private long repaired;

  ReadPath(CoordinatorContext context, WritePipeline writes) {
    this.context = context;
    this.writes = writes;
  }

  /** Reads that found a write in flight on their block. */
  long overlapping() {
    return overlapping;
  }

  long repaired() {
    return repaired;
  }

  void read(long firstBlock, int count, Callback callback) {
    dispatch(new Task(firstBlock, count, callback));
  }

  /** Tries again what could not go on. */
  void pump() {
    if (!waiting.isEmpty() && context.readableMask() != 0) {
      List<Task> tasks = List.copyOf(waiting);
      waiting.clear();
      tasks.forEach(this::dispatch);
    }
    if (!withoutLease.isEmpty() && context.mayAnswerReads()) {
      List<Answerable> answers = List.copyOf(withoutLease);
      withoutLease.clear();
      answers.forEach(answer -> answer(answer.task, answer.found));
    }
  }

  private void dispatch(Task task) {
    if (failed) {
      task.callback.done(Status.SHUT_DOWN, null);
      return;
    }
    long readable = context.readableMask();
    MemberLink member = choose(readable & ~task.corruptMask);
    if (member != null) {
      ask(task, member);
    } else if (readable != 0 && (readable & ~task.corruptMask) == 0 && allAsked(task)) {
      noGoodCopy(task);
    } else {
      waiting.add(task);
    }
  }

  /** One block may be damaged here and another one there: each is read, and repaired, by itself. */
  private void noGoodCopy(Task task) {
    if (task.count == 1 || task.oneByOne) {
      task.callback.done(Status.IO_ERROR, null);
      return;
    }
    Task again = new Task(task.firstBlock, task.count, task.callback);
    again.oneByOne = true;
    OneByOne blocks = new OneByOne(again);
    for (int i = 0; i < task.count; i++) {
      Task one = new Task(task.firstBlock + i, 1, blocks::done);
      one.awaitsRepairs = true;
      dispatch(one);
    }
  }

  /** What came of the single blocks of a read. */
  private final class OneByOne {
    private final Task again;
    private int left;
    private Status worst = Status.OK;

    OneByOne(Task again) {
      this.again = again;
      this.left = again.count;
    }

    void done(Status status, BlockRun run) {
      if (run != null) {
        run.release();
      }
      if (status != Status.OK) {
        worst = status;
      }
      if (--left == 0) {
        finish();
      }
    }

    private void finish() {
      if (worst == Status.OK) {
        dispatch(again);
      } else {
        again.callback.done(worst, null);
      }
    }
  }

  /** A member says that its copy of some of these blocks is damaged; what is, is made good. */
  void heal(MemberLink member, long firstBlock, int count) {
    member.ask(
        new Read(context.members().nextRequest(), context.epoch(), firstBlock, count),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            if (answer instanceof Data data) {
              BlockRun run = data.run();
              for (int i = 0; i < run.count(); i++) {
                if (run.kinds()[i] == BlockKind.CORRUPT) {
                  healBlock(member, firstBlock + i);
                }
              }
            }
            answer.discard();
          }

          @Override
          public void lost() {}
        },
        context.now());
  }

  private void healBlock(MemberLink member, long block) {
    Task task =
        new Task(
            block,
            1,
            (status, run) -> {
              if (run != null) {
                run.release();
              }
            });
    task.corruptMask = member.bit();
    task.corrupt.add(new Corrupt(member, 0));
    dispatch(task);
  }

  /** Whether no required member is left that might still have a good copy. */
  private boolean allAsked(Task task) {
    return (context.requiredMask() & ~task.corruptMask) == 0;
  }

  private MemberLink choose(long mask) {
    MemberLink best = null;
    for (MemberLink member : context.members().all()) {
      if ((mask & member.bit()) != 0 && (best == null || member.slot == context.localSlot())) {
        best = member;
      }
    }
    return best;
  }

  private void ask(Task task, MemberLink member) {
    member.ask(
        new Read(context.members().nextRequest(), context.epoch(), task.firstBlock, task.count),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            switch (answer) {
              case Data data -> arrived(task, member, data.run());
              case Done done -> {
                if (done.outcome() == Outcome.FAILED) {
                  context.memberFailed(member);
                }
                waiting.add(task);
              }
              default -> {
                context.members().refused(member, answer, now);
                waiting.add(task);
              }
            }
          }

          @Override
          public void lost() {
            waiting.add(task);
          }
        },
        context.now());
  }

  private void arrived(Task task, MemberLink member, BlockRun run) {
    Found found = opened(run);
    boolean good = true;
    for (int i = 0; i < run.count(); i++) {
      if (found.plain.kinds()[i] == BlockKind.CORRUPT) {
        task.corrupt.add(new Corrupt(member, i));
        good = false;
      }
    }
    if (good) {
      answer(task, found);
    } else {
      task.corruptMask |= member.bit();
      found.release();
      dispatch(task);
    }
  }

  private Found opened(BlockRun run) {
    if (run.seals() == null) {
      return new Found(run, run);
    }
    if (run.payload() != null) {
      run.payload().retain();
    }
    return new Found(run, context.opener().open(run));
  }

  /**
   * Answers if everything the run holds is acknowledged and the leases are valid; else waits for
   * that.
   */
  private void answer(Task task, Found found) {
    BlockRun run = found.plain;
    if (failed) {
      found.release();
      task.callback.done(Status.SHUT_DOWN, null);
      return;
    }
    for (int i = 0; i < run.count(); i++) {
      WriteOp pending = writes.unacknowledged(run.firstBlock() + i, run.versions()[i]);
      if (pending != null) {
        overlapping++;
        pending.parkedReads.add(() -> answer(task, found));
        return;
      }
    }
    if (!context.mayAnswerReads()) {
      withoutLease.add(new Answerable(task, found));
      return;
    }
    Repairs repairs = new Repairs(task, run);
    task.corrupt.forEach(corrupt -> repair(corrupt, found.stored, repairs));
    found.releaseStored();
    repairs.sent();
  }

  /** Tells whoever reads, at once or after the repairs. */
  private static final class Repairs {
    private final Task task;
    private final BlockRun run;
    private int left = 1;

    Repairs(Task task, BlockRun run) {
      this.task = task;
      this.run = run;
    }

    void sent() {
      if (task.awaitsRepairs) {
        ended();
      } else {
        task.callback.done(Status.OK, run);
      }
    }

    void ended() {
      if (--left == 0 && task.awaitsRepairs) {
        task.callback.done(Status.OK, run);
      }
    }
  }

  private void repair(Corrupt corrupt, BlockRun good, Repairs repairs) {
    int index = corrupt.index;
    boolean usable = corrupt.member.usable(context.epoch());
    if (!usable) {
      return;
    }
    repairs.left++;
    repaired++;
    BlockKind kind = good.kinds()[index];
    BlockRun one =
        new BlockRun(
            good.firstBlock() + index,
            new BlockKind[] {kind},
            new long[] {good.versions()[index]},
            new int[] {good.crcs()[index]},
            good.seals() == null ? null : new BlockSeal[] {good.seal(index)},
            kind == BlockKind.DATA
                ? good.payload().slice(good.payloadOffset(index), good.storedBytes(index))
                : null);
    corrupt.member.ask(
        new Write(
            context.members().nextRequest(),
            context.epoch(),
            writes.watermark(),
            WriteMode.REPAIR,
            one),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long now) {
            answer.discard();
            repairs.ended();
          }

          @Override
          public void lost() {
            repairs.ended();
          }
        },
        context.now());
  }

  /** Answers nothing any more. */
  void failAll() {
    failed = true;
    List<Task> tasks = new ArrayList<>(waiting);
    waiting.clear();
    for (Answerable answer : List.copyOf(withoutLease)) {
      answer.found.release();
      tasks.add(answer.task);
    }
    withoutLease.clear();
    tasks.forEach(task -> task.callback.done(Status.SHUT_DOWN, null));
  }
}
