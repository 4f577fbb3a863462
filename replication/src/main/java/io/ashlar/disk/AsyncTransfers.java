package io.ashlar.disk;

import io.ashlar.env.Disk.Callback;
import io.ashlar.env.Readiness;
import io.ashlar.sys.AsyncIo;
import io.ashlar.sys.Errno;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Reads and writes without a thread of their own: what comes within one turn of the loop is handed
 * to the kernel a few at a time, and what is done wakes the loop. Whatever the kernel does not take
 * without waiting, or does not do in one go, is given to threads that may wait. Loop thread only.
 */
final class AsyncTransfers {
  /** What cannot be done here: as a blocking call, by somebody who may wait. */
  interface Fallback {
    void transfer(boolean write, long offset, ByteBuffer buffer, Callback done);
  }

  /** One that is under way; it keeps its memory alive. */
  private record Transfer(boolean write, long offset, ByteBuffer buffer, Callback done) {}

  /**
   * So many are handed over at once, without awaiting the turn's end: one call for each would cost
   * more than it gains, and one for all of them would let the disk wait for the loop.
   */
  private static final int SUBMITTED_TOGETHER = 4;

  private final AsyncIo io;
  private final int fd;
  private final Executor loop;
  private final Fallback fallback;
  private final Transfer[] underWay = new Transfer[AsyncIo.DEPTH];
  private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
  private final ArrayDeque<Transfer> waiting = new ArrayDeque<>();
  private Optional<Readiness.Watched> watched = Optional.empty();
  private boolean flushDue;
  private boolean closed;

  private AsyncTransfers(AsyncIo io, int fd, Executor loop, Fallback fallback) {
    this.io = io;
    this.fd = fd;
    this.loop = loop;
    this.fallback = fallback;
    for (int slot = 0; slot < AsyncIo.DEPTH; slot++) {
      freeSlots.add(slot);
    }
  }

  /** Empty if the kernel or the loop has no means for it. */
  static Optional<AsyncTransfers> open(
      int fd, Executor loop, Readiness readiness, Fallback fallback) {
    Optional<AsyncIo> io = AsyncIo.open();
    if (io.isEmpty()) {
      return Optional.empty();
    }
    AsyncTransfers transfers = new AsyncTransfers(io.get(), fd, loop, fallback);
    transfers.watched = readiness.whenReadable(io.get().eventFd(), transfers::fetch);
    if (transfers.watched.isEmpty()) {
      io.get().close();
      return Optional.empty();
    }
    return Optional.of(transfers);
  }

  void transfer(boolean write, long offset, ByteBuffer buffer, Callback done) {
    waiting.add(new Transfer(write, offset, buffer, done));
    if (waiting.size() >= SUBMITTED_TOGETHER) {
      submitWaiting();
    } else if (!flushDue) {
      flushDue = true;
      loop.execute(this::flush);
    }
  }

  private void flush() {
    flushDue = false;
    submitWaiting();
  }

  private void submitWaiting() {
    while (!closed && !waiting.isEmpty() && !freeSlots.isEmpty()) {
      while (!waiting.isEmpty() && !freeSlots.isEmpty() && !io.isFull()) {
        int slot = freeSlots.poll();
        Transfer next = waiting.poll();
        underWay[slot] = next;
        io.prepare(next.write, fd, next.buffer, next.offset, slot);
      }
      submit();
    }
  }

  private void submit() {
    int taken = 0;
    while (taken < io.prepared()) {
      taken += io.submit(taken);
      if (taken < io.prepared()) {
        giveToFallback(take(io.preparedData(taken)));
        taken++;
      }
    }
    io.clear();
  }

  private void giveToFallback(Transfer transfer) {
    fallback.transfer(transfer.write, transfer.offset, transfer.buffer, transfer.done);
  }

  private Transfer take(long slot) {
    Transfer transfer = underWay[(int) slot];
    underWay[(int) slot] = null;
    freeSlots.add((int) slot);
    return transfer;
  }

  /**
   * Completes what is done. Callbacks may ask for more, or close the disk. What is done after less
   * than all results fitted makes the descriptor readable anew.
   */
  private void fetch() {
    int count;
    do {
      count = closed ? 0 : io.fetch();
      for (int i = 0; i < count && !closed; i++) {
        finished(take(io.data(i)), io.result(i));
      }
    } while (count == AsyncIo.AT_ONCE);
    if (!flushDue) {
      submitWaiting();
    }
  }

  private void finished(Transfer transfer, long result) {
    boolean failed = result < 0 && result != -Errno.EAGAIN;
    if (failed) {
      transfer.done.done((int) -result);
    } else if (result == transfer.buffer.remaining()) {
      transfer.done.done(0);
    } else {
      giveToFallback(transfer);
    }
  }

  /** Waits for what the kernel has taken; nothing is completed any more. */
  void close() {
    closed = true;
    watched.ifPresent(Readiness.Watched::end);
    io.close();
  }
}
