package io.ashlar.wire;

import io.ashlar.block.BlockRun;
import io.ashlar.block.TailEntry;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import java.util.List;
import java.util.Optional;

/**
 * What is said on a link. Whoever holds a message that carries a {@link BlockRun} holds one count
 * of its payload; sending a message passes that count on.
 *
 * <p>{@code request} matches an answer to its question; it is unique on its connection. {@code
 * epoch} is the sender's message epoch: fencing looks at it, ordering looks at versions.
 */
public sealed interface Message {

  /** Number of the question, repeated in its answer. */
  long request();

  /** Gives back what the message holds when nobody is going to handle it. */
  default void discard() {}

  /**
   * A question to a replica under an epoch; refused with {@link Fenced} if it is not the promised
   * one.
   */
  sealed interface Ordered extends Message {
    int epoch();
  }

  // ---- opening a connection

  /** First message of a coordinator on a connection: which replica it wants, and who it is. */
  record Hello(
      long request,
      long cluster,
      VolumeId volume,
      long replica,
      long incarnation,
      CoordinatorRef from,
      long connection,
      long features)
      implements Message {}

  /**
   * The replica's answer to {@link Hello}.
   *
   * @param startId random per start of the replica's process
   * @param whole no resync attempt is pending on it; else {@code attempt} is its id
   * @param highest the highest version it holds: whoever knows that it applied more has found out
   *     that its log lost its end
   */
  record Welcome(
      long request,
      int promise,
      long startId,
      boolean clean,
      boolean whole,
      long attempt,
      long highest,
      long features)
      implements Message {}

  /**
   * The other side cannot be served here; the connection ends. Says why in words for the operator.
   */
  record Refused(long request, String reason) implements Message {}

  // ---- epochs and leases

  /** Asks for a durable promise to refuse lower epochs. */
  record Seal(long request, int epoch, View view, Optional<CoordinatorRef> holder, boolean wantTail)
      implements Message {}

  /** The promise is durable. The tail is everything above the watermark, if it was asked for. */
  record Sealed(
      long request,
      int epoch,
      long startId,
      boolean clean,
      boolean whole,
      long attempt,
      long watermark,
      long durableVersion,
      long mappedBlocks,
      List<TailEntry> tail)
      implements Message {}

  /** The promise has to wait for an old lease; ask again after this time. */
  record Pending(long request, int epoch, long afterNanos) implements Message {}

  /** Refused: this replica has promised {@code promise}, which is not the sender's epoch. */
  record Fenced(long request, int promise) implements Message {}

  /**
   * Renews the lease, tells the watermark, asks for space credits and shows that both are alive.
   *
   * @param attemptOpen a resync is going on, so tombstones must be kept
   */
  record Renew(long request, int epoch, long watermark, boolean attemptOpen) implements Ordered {}

  /** Ends the lease; with {@code close} the replica first syncs and marks itself closed. */
  record Release(long request, int epoch, long watermark, boolean close) implements Ordered {}

  // ---- data

  /** How {@link Write} treats what is there. Codes are sent: append only. */
  enum WriteMode {
    /** Live writes and convergence: only where the version is higher. */
    IF_NEWER(0),
    /** Convergence over a corrupt copy that was never acknowledged: exactly this. */
    EXACT(1),
    /** Only where the version is equal and the stored bytes fail their check. */
    REPAIR(2);

    private final int code;

    WriteMode(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  /** Blocks to apply. */
  record Write(long request, int epoch, long watermark, WriteMode mode, BlockRun run)
      implements Ordered {
    @Override
    public void discard() {
      run.release();
    }
  }

  /** A trim or zero of a range, with one version. */
  record WriteRange(
      long request, int epoch, long watermark, long firstBlock, long blocks, long version)
      implements Ordered {}

  /** Asks for blocks, verbatim. */
  record Read(long request, int epoch, long firstBlock, int count) implements Ordered {}

  /** The blocks asked for. */
  record Data(long request, BlockRun run) implements Message {
    @Override
    public void discard() {
      run.release();
    }
  }

  /** Makes everything applied so far durable. */
  record Sync(long request, int epoch, long watermark) implements Ordered {}

  /** Outcome of an order. Codes are sent: append only. */
  enum Outcome {
    OK(0),
    /** The disk failed: nothing more will be done by this replica. */
    FAILED(1),
    /** No space; only a resync target says so, all others give credits first. */
    NO_SPACE(2),
    /** The message does not fit the replica's state (wrong attempt, not a target ...). */
    REFUSED(3);

    private final int code;

    Outcome(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  /**
   * Done, or not.
   *
   * @param granted blocks of space that were promised on this connection since it was opened, in
   *     all
   * @param detail depends on the order; 0 if it has nothing to say
   */
  record Done(long request, Outcome outcome, long granted, long detail) implements Message {}

  // ---- resync, coordinator to target

  /**
   * Opens a resync attempt at a target; answered by {@link Begun} once {@code incomplete} is
   * durable.
   */
  record BeginAttempt(long request, int epoch, long attempt, long lastInSync, boolean empty)
      implements Ordered {}

  /**
   * The attempt is open.
   *
   * @param base blocks with higher versions may be wrong
   * @param fresh first and last extent of each range in which every block may be wrong, since what
   *     was there is gone; ascending
   */
  record Begun(long request, long base, long[] fresh) implements Message {}

  /** Where a target may pull from. */
  record Source(long replica, long incarnation, String node, long startId) {}

  /** A part of the delta for the target to pull; answered by {@link Done}. */
  record Pull(
      long request, int epoch, long attempt, long liveFrom, long[] extents, List<Source> sources)
      implements Ordered {}

  /** Asks for extents whose version is above this one. */
  record ListExtents(long request, int epoch, long aboveVersion, long fromExtent)
      implements Ordered {}

  /** Extents, ascending; {@code nextExtent} is where to go on, -1 at the end. */
  record Extents(long request, long[] extents, long nextExtent) implements Message {}

  /** Asks for digests of (version, checksum) of the mapped blocks of these extents. */
  record Digest(long request, int epoch, long[] extents) implements Ordered {}

  /** One digest an extent. */
  record Digests(long request, long[] digests) implements Message {}

  /** The target syncs and stores the drained version as its durable version to be. */
  record PrepareJoin(long request, int epoch, long attempt, long drained) implements Ordered {}

  /** The join is recorded and sealed: the target clears its {@code incomplete}. */
  record FinishJoin(long request, int epoch, long attempt) implements Ordered {}

  // ---- resync, target to source

  /** First message of a resync target on a connection to a source. */
  record PullHello(
      long request,
      long cluster,
      VolumeId volume,
      long replica,
      long incarnation,
      int epoch,
      long attempt)
      implements Message {}

  /** Asks a source for one extent. */
  record PullExtent(long request, int epoch, long attempt, long extent) implements Ordered {}

  /** One extent, verbatim, with the source's start id and its extent version. */
  record ExtentData(long request, long attempt, long startId, long extentVersion, BlockRun run)
      implements Message {
    @Override
    public void discard() {
      run.release();
    }
  }
}
