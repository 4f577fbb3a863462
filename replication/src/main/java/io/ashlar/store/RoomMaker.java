package io.ashlar.store;

import io.ashlar.env.Timers;
import io.ashlar.store.map.MapCache;

/**
 * Decides when to collect and when to write a checkpoint: so that there are always some free
 * segments, that a crash has not too much of the log to read, and that nothing is done for nothing.
 * Loop thread only.
 */
final class RoomMaker {
  /** Free segments that operations leave to those who make room. */
  static final int KEPT_FROM_OPERATIONS = 5;

  /** Free segments that collection leaves to maps. */
  static final int KEPT_FROM_COLLECTION = 3;

  /** Free segments that nodes which have to leave the memory leave to checkpoints. */
  static final int KEPT_FROM_CLEANING = 2;

  private static final int WANTED_MAX = 64;

  /** Segments that a crash has to read at most: half a GiB, or a part of a small disk. */
  private static final int BEHIND_MAX = 8;

  private final Timers timers;
  private final Segments segments;
  private final LogSequence sequence;
  private final MapCache cache;
  private final Collector collector;
  private final Checkpointer checkpointer;
  private final int wanted;
  private final int behindMax;
  private long segmentAtCheckpoint;
  private boolean needed;
  private boolean somethingDone = true;
  private boolean due;
  private boolean stopped;

  /**
   * @param segmentAtCheckpoint the last one that the checkpoint on the disk knows of: what earlier
   *     processes wrote after it has to be read again too
   */
  RoomMaker(
      Timers timers,
      Segments segments,
      LogSequence sequence,
      MapCache cache,
      Collector collector,
      Checkpointer checkpointer,
      long segmentAtCheckpoint) {
    this.timers = timers;
    this.segments = segments;
    this.sequence = sequence;
    this.cache = cache;
    this.collector = collector;
    this.checkpointer = checkpointer;
    this.wanted = KEPT_FROM_OPERATIONS + 2 + Math.min(WANTED_MAX, segments.count() / 16);
    this.behindMax = Math.clamp(segments.count() / 8, 2, BEHIND_MAX);
    this.segmentAtCheckpoint = segmentAtCheckpoint;
  }

  /** Something waits for a free segment. */
  void needed() {
    needed = true;
    look();
  }

  /** A checkpoint is durable. */
  void freed() {
    needed = false;
    look();
  }

  /** Nothing is begun any more. */
  void stop() {
    stopped = true;
  }

  /**
   * The number of free segments, or what lives, has changed. Looked at in a turn of its own: who
   * tells it may be in the middle of a batch.
   */
  void look() {
    if (!due) {
      due = true;
      timers.after(
          0,
          () -> {
            due = false;
            if (!stopped) {
              decide();
            }
          });
    }
  }

  private void decide() {
    int free = segments.freeCount();
    boolean behind = sequence.lastSegment() - segmentAtCheckpoint >= behindMax;
    if (behind || cache.wantsCheckpoint()) {
      checkpoint();
    }
    if (free >= wanted) {
      return;
    }
    int empty = segments.empty().size();
    boolean urgent = needed || free <= KEPT_FROM_OPERATIONS + 1;
    if (empty > 0 && (urgent || free + empty >= wanted)) {
      checkpoint();
    }
    if (free + empty < wanted) {
      if (collector.start(urgent)) {
        somethingDone = true;
      } else if (urgent && somethingDone) {
        // What was moved or written anew may have left nodes behind that only a checkpoint ends.
        somethingDone = false;
        checkpoint();
      }
    }
  }

  private void checkpoint() {
    if (checkpointer.idle()) {
      segmentAtCheckpoint = sequence.lastSegment();
      checkpointer.start();
    }
  }
}
