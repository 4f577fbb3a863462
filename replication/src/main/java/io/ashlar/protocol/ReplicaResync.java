package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.Blocks;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaMeta.Incomplete;
import io.ashlar.model.Version;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.wire.Message.BeginAttempt;
import io.ashlar.wire.Message.Begun;
import io.ashlar.wire.Message.Digest;
import io.ashlar.wire.Message.Digests;
import io.ashlar.wire.Message.ExtentData;
import io.ashlar.wire.Message.Extents;
import io.ashlar.wire.Message.FinishJoin;
import io.ashlar.wire.Message.ListExtents;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.PrepareJoin;
import io.ashlar.wire.Message.Pull;
import io.ashlar.wire.Message.PullExtent;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * A replica's part in a resync, as target (begin, pull, join) and as source (list, digest, serve).
 * The durable {@code incomplete} with its attempt id is what protects a half-copied replica from
 * ever being taken for a whole one. Loop thread only.
 */
final class ReplicaResync {
  private static final int EXTENTS_PER_ANSWER = 4096;

  private final ReplicaMachine machine;
  private final ReplicaStore store;
  private final MetaWriter metaWriter;
  private final ReplicaOrders orders;
  private final ReplicaEffects effects;

  private Optional<ResyncMachine> running = Optional.empty();

  ReplicaResync(
      ReplicaMachine machine,
      ReplicaStore store,
      MetaWriter metaWriter,
      ReplicaOrders orders,
      ReplicaEffects effects) {
    this.machine = machine;
    this.store = store;
    this.metaWriter = metaWriter;
    this.orders = orders;
    this.effects = effects;
  }

  /** Stops pulling; what the attempt has done stays covered by {@code incomplete}. */
  void abort(String reason) {
    running.ifPresent(pull -> pull.abort(reason));
    running = Optional.empty();
  }

  // ---- target

  void begin(ReplicaSession session, BeginAttempt begin) {
    Optional<Incomplete> before = metaWriter.latest().incomplete();
    if (before.isPresent() && before.get().attempt() > begin.attempt()) {
      session.done(begin.request(), Outcome.REFUSED, 0);
      return;
    }
    abort("attempt " + begin.attempt() + " begins");
    long fresh =
        begin.empty() ? Version.NONE : Math.min(begin.lastInSync(), orders.durableVersion());
    long base = before.map(old -> Math.min(old.base(), fresh)).orElse(fresh);
    orders.afterApplied(
        () ->
            metaWriter.change(
                old -> old.withIncomplete(Optional.of(new Incomplete(begin.attempt(), base))),
                () -> session.send(new Begun(begin.request(), base, freshExtents()))));
  }

  private long[] freshExtents() {
    long extents = Blocks.extentsIn(metaWriter.latest().sizeBytes());
    return store.fresh().stream()
        .filter(range -> Blocks.extentOf(range[0]) < extents)
        .flatMapToLong(
            range ->
                LongStream.of(
                    Blocks.extentOf(range[0]),
                    Math.min(Blocks.extentOf(range[1] - 1), extents - 1)))
        .toArray();
  }

  void pull(ReplicaSession session, Pull pull) {
    if (!attemptIs(pull.attempt())) {
      session.done(pull.request(), Outcome.REFUSED, 0);
      return;
    }
    abort("the next part is asked for");
    ResyncMachine next =
        new ResyncMachine(
            machine,
            store,
            orders,
            pull,
            effects,
            (outcome, detail) -> {
              running = Optional.empty();
              session.done(pull.request(), outcome, detail);
            });
    running = Optional.of(next);
    next.start();
  }

  /**
   * Every live frame sent before this order has arrived, but may still be on its way into the log:
   * the coordinator forgets a write that all members have, and the target was none of them yet. So
   * what is in hand is applied first, or the sync below would vouch for what it does not cover.
   */
  void prepareJoin(ReplicaSession session, PrepareJoin prepare) {
    if (!attemptIs(prepare.attempt())) {
      session.done(prepare.request(), Outcome.REFUSED, 0);
      return;
    }
    orders.afterApplied(
        () ->
            store.sync(
                result -> {
                  if (result == Result.OK && attemptIs(prepare.attempt())) {
                    vouchFor(session, prepare);
                  } else {
                    session.done(prepare.request(), Outcome.FAILED, 0);
                  }
                }));
  }

  private void vouchFor(ReplicaSession session, PrepareJoin prepare) {
    metaWriter.change(
        old ->
            old.withUnclean(false)
                .withProgress(prepare.drained(), prepare.drained())
                .running(machine.host()),
        () -> {
          machine.joined();
          orders.noteWatermark(prepare.drained());
          orders.noteDurable(prepare.drained());
          session.done(prepare.request(), Outcome.OK, 0);
        });
  }

  void finishJoin(ReplicaSession session, FinishJoin finish) {
    if (!attemptIs(finish.attempt())) {
      session.done(finish.request(), Outcome.OK, 0);
      return;
    }
    metaWriter.change(
        old -> old.withIncomplete(Optional.empty()),
        () -> session.done(finish.request(), Outcome.OK, 0));
  }

  private boolean attemptIs(long attempt) {
    Optional<Incomplete> now = metaWriter.latest().incomplete();
    return now.isPresent() && now.get().attempt() == attempt;
  }

  // ---- source

  void listExtents(ReplicaSession session, ListExtents list) {
    store.extentsAbove(
        list.aboveVersion(),
        list.fromExtent(),
        EXTENTS_PER_ANSWER,
        (result, found) -> {
          if (result == Result.OK) {
            long[] extents = found.extents();
            long next = extents.length < EXTENTS_PER_ANSWER ? -1 : extents[extents.length - 1] + 1;
            session.send(new Extents(list.request(), extents, next));
          } else {
            session.done(list.request(), Outcome.FAILED, 0);
          }
        });
  }

  /**
   * Digests of what this replica holds once everything that came before the question is applied.
   */
  void digest(ReplicaSession session, Digest digest) {
    orders.afterApplied(() -> digestFrom(session, digest, 0, new long[digest.extents().length]));
  }

  private void digestFrom(ReplicaSession session, Digest digest, int from, long[] digests) {
    int index = from;
    while (index < digests.length && blocksIn(digest.extents()[index] * EXTENT_BLOCKS) == 0) {
      index++;
    }
    if (index == digests.length) {
      session.send(new Digests(digest.request(), digests));
      return;
    }
    int next = index;
    long first = digest.extents()[index] * EXTENT_BLOCKS;
    store.peek(
        first,
        blocksIn(first),
        (result, run) -> {
          if (result == Result.OK) {
            digests[next] = digestOf(run);
            digestFrom(session, digest, next + 1, digests);
          } else {
            session.done(digest.request(), Outcome.FAILED, 0);
          }
        });
  }

  private static long digestOf(BlockRun run) {
    long hash = 0;
    for (int i = 0; i < run.count(); i++) {
      if (run.kinds()[i] == BlockKind.DATA) {
        hash = mix(hash + i + 1);
        hash = mix(hash ^ run.versions()[i]);
        hash = mix(hash ^ run.crcs()[i]);
      }
    }
    return hash;
  }

  /** Finaliser of SplitMix64: any bit of the input changes about half of the output. */
  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  /** Serves one extent to a target; a replica that cannot vouch for its content answers no pull. */
  void serveExtent(ReplicaSession session, PullExtent pull, boolean trusted) {
    long first = pull.extent() * EXTENT_BLOCKS;
    int count = blocksIn(first);
    if (!trusted || count == 0) {
      session.done(pull.request(), Outcome.REFUSED, 0);
      return;
    }
    store.read(
        first,
        count,
        (result, run) -> {
          if (result == Result.OK) {
            sendExtent(session, pull, run);
          } else {
            session.done(pull.request(), Outcome.FAILED, 0);
          }
        });
  }

  /** The version is asked for after the blocks, so that it is at least theirs. */
  private void sendExtent(ReplicaSession session, PullExtent pull, BlockRun run) {
    store.extentsAbove(
        Version.NONE,
        pull.extent(),
        1,
        (result, found) -> {
          if (result != Result.OK) {
            run.release();
            session.done(pull.request(), Outcome.FAILED, 0);
            return;
          }
          boolean known = found.extents().length > 0 && found.extents()[0] == pull.extent();
          long version = known ? found.versions()[0] : Version.NONE;
          session.send(
              new ExtentData(pull.request(), pull.attempt(), machine.startId(), version, run));
        });
  }

  private int blocksIn(long firstBlock) {
    ReplicaMeta meta = metaWriter.latest();
    long end = (meta.sizeBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES;
    return (int) Math.max(0, Math.min(EXTENT_BLOCKS, end - firstBlock));
  }
}
