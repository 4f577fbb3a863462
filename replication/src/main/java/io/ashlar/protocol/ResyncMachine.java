package io.ashlar.protocol;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.env.Link;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.ExtentData;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Pull;
import io.ashlar.wire.Message.PullExtent;
import io.ashlar.wire.Message.PullHello;
import io.ashlar.wire.Message.Source;
import io.ashlar.wire.Message.Welcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Pulls one part of a delta from the in-sync members, at the target. Extents are dealt to the
 * sources in turn, a few in flight each. Whatever goes wrong with a source ends the whole part with
 * that source's replica id: the coordinator, which knows who is in sync, asks again without it. So
 * nothing that came from a source after it restarted is ever kept as done.
 *
 * <p>A block whose version here is at least {@code liveFrom} came by the live stream and stays;
 * every other block becomes exactly the source's. Loop thread only.
 */
final class ResyncMachine {
  /** Extents asked of one source and not answered yet. */
  private static final int WINDOW = 4;

  /** Called once at the end; detail is the replica id of the source that failed, or 0. */
  interface Finished {
    void done(Outcome outcome, long detail);
  }

  private final ReplicaMachine machine;
  private final ReplicaStore store;
  private final ReplicaOrders orders;
  private final Pull pull;
  private final ReplicaEffects effects;
  private final Finished finished;
  private final List<Link<Message>> links = new ArrayList<>();

  private int nextExtent;
  private int unfinished;
  private long requests;

  /** Questions that are open: an answer that comes twice must not count for another extent. */
  private final Set<Long> asked = new HashSet<>();

  private boolean ended;

  ResyncMachine(
      ReplicaMachine machine,
      ReplicaStore store,
      ReplicaOrders orders,
      Pull pull,
      ReplicaEffects effects,
      Finished finished) {
    this.machine = machine;
    this.store = store;
    this.orders = orders;
    this.pull = pull;
    this.effects = effects;
    this.finished = finished;
    this.unfinished = pull.extents().length;
  }

  void start() {
    if (unfinished == 0) {
      end(Outcome.OK, 0);
    } else if (pull.sources().isEmpty()) {
      end(Outcome.REFUSED, 0);
    } else {
      for (Source source : pull.sources()) {
        effects.connect(source, new SourceHandler(source));
      }
    }
  }

  /** Ends without an answer: the attempt is over. */
  void abort(String reason) {
    if (!ended) {
      effects.log(machine.meta().volume(), "event=pull_aborted reason=\"" + reason + "\"");
      close();
    }
  }

  private void close() {
    ended = true;
    links.forEach(Link::close);
    links.clear();
  }

  private void end(Outcome outcome, long detail) {
    if (!ended) {
      close();
      finished.done(outcome, detail);
    }
  }

  private final class SourceHandler implements Link.Handler<Message> {
    private final Source source;

    SourceHandler(Source source) {
      this.source = source;
    }

    @Override
    public void opened(Link<Message> link) {
      if (ended) {
        link.close();
        return;
      }
      links.add(link);
      link.send(
          new PullHello(
              ++requests,
              machine.cluster(),
              machine.meta().volume(),
              source.replica(),
              source.incarnation(),
              pull.epoch(),
              pull.attempt()));
    }

    @Override
    public void received(Link<Message> link, Message message) {
      if (ended) {
        message.discard();
        return;
      }
      switch (message) {
        case Welcome welcome -> welcomed(link, welcome);
        case ExtentData data -> arrived(link, data);
        case Done done -> end(done.outcome(), source.replica());
        default -> {
          message.discard();
          end(Outcome.REFUSED, source.replica());
        }
      }
    }

    @Override
    public void closed(Link<Message> link, String reason) {
      end(Outcome.REFUSED, source.replica());
    }

    private void welcomed(Link<Message> link, Welcome welcome) {
      boolean trusted = welcome.clean() && welcome.whole() && welcome.startId() == source.startId();
      if (!trusted) {
        end(Outcome.REFUSED, source.replica());
        return;
      }
      for (int i = 0; i < WINDOW; i++) {
        askNext(link);
      }
    }

    private void askNext(Link<Message> link) {
      if (nextExtent < pull.extents().length) {
        asked.add(++requests);
        link.send(
            new PullExtent(
                requests, machine.promise(), pull.attempt(), pull.extents()[nextExtent++]));
      }
    }

    private void arrived(Link<Message> link, ExtentData data) {
      boolean mine = data.attempt() == pull.attempt() && data.startId() == source.startId();
      if (!mine || holdsCorrupt(data.run())) {
        data.discard();
        end(Outcome.REFUSED, source.replica());
        return;
      }
      if (!asked.remove(data.request())) {
        data.discard();
        return;
      }
      askNext(link);
      apply(data);
    }
  }

  private static boolean holdsCorrupt(BlockRun run) {
    for (BlockKind kind : run.kinds()) {
      if (kind == BlockKind.CORRUPT) {
        return true;
      }
    }
    return false;
  }

  private void apply(ExtentData data) {
    long extent = data.run().firstBlock() / EXTENT_BLOCKS;
    orders.applyStarted();
    store.replace(
        data.run(),
        pull.liveFrom(),
        result -> {
          if (result == Result.OK) {
            raise(extent, data.extentVersion());
          } else {
            if (result == Result.NO_SPACE && !ended) {
              makeRoom();
            }
            orders.applyEnded();
            end(ReplicaOrders.outcome(result), 0);
          }
        });
  }

  /**
   * Lets go of what this part was to replace, for the next attempt, which pulls all of it again: on
   * a full disk stale blocks would else keep out, for ever, the fresh ones that are fewer.
   */
  private void makeRoom() {
    long end = (machine.meta().sizeBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES;
    for (long extent : pull.extents()) {
      long first = extent * EXTENT_BLOCKS;
      int count = (int) Math.max(0, Math.min(EXTENT_BLOCKS, end - first));
      BlockKind[] kinds = new BlockKind[count];
      Arrays.fill(kinds, BlockKind.UNMAPPED);
      BlockRun nothing = new BlockRun(first, kinds, new long[count], new int[count], null);
      orders.applyStarted();
      store.replace(nothing, pull.liveFrom(), result -> orders.applyEnded());
    }
  }

  private void raise(long extent, long version) {
    store.raiseExtents(
        new long[] {extent},
        new long[] {version},
        result -> {
          orders.applyEnded();
          unfinished--;
          if (result != Result.OK) {
            end(ReplicaOrders.outcome(result), 0);
          } else if (unfinished == 0) {
            end(Outcome.OK, 0);
          }
        });
  }
}
