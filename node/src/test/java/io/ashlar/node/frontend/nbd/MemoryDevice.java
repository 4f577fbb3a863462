package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.DeviceGeometry;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.net.DataLoop;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/** A volume in memory that records what it is asked and can be told to hold its answers back. */
final class MemoryDevice implements BlockDevice {
  static final int BLOCK = 4096;

  final ByteBuffer bytes;
  final List<BlockRequest> seen = new ArrayList<>();
  final List<Long> ended = new ArrayList<>();
  volatile boolean holding;
  volatile Status failure = Status.OK;
  volatile int unanswered;
  volatile int unansweredMax;

  private final DataLoop loop;
  private final PayloadPool pool;
  private final BitSet mapped = new BitSet();
  private final Deque<Runnable> held = new ArrayDeque<>();
  private long sessions;

  MemoryDevice(DataLoop loop, PayloadPool pool, int sizeBytes) {
    this.loop = loop;
    this.pool = pool;
    this.bytes = ByteBuffer.allocateDirect(sizeBytes);
  }

  @Override
  public DeviceGeometry geometry() {
    return new DeviceGeometry(bytes.capacity(), BLOCK, 32 << 20);
  }

  @Override
  public long openSession() {
    return ++sessions;
  }

  @Override
  public void endSession(long session) {
    ended.add(session);
  }

  @Override
  public void submit(long session, BlockRequest request) {
    seen.add(request);
    count(1);
    Runnable answer = () -> answer(request);
    if (holding) {
      held.add(answer);
    } else {
      loop.execute(answer);
    }
  }

  /** Written by the loop only, read by tests too. */
  private void count(int change) {
    int now = unanswered + change;
    unanswered = now;
    unansweredMax = Math.max(unansweredMax, now);
  }

  void release() {
    loop.execute(
        () -> {
          holding = false;
          while (!held.isEmpty()) {
            held.poll().run();
          }
        });
  }

  private void answer(BlockRequest request) {
    count(-1);
    Payload data = failure == Status.OK ? carryOut(request) : null;
    if (request.payload() != null) {
      request.payload().release();
    }
    request.completion().done(failure, data);
  }

  private Payload carryOut(BlockRequest request) {
    int offset = (int) request.offsetBytes();
    int length = (int) request.lengthBytes();
    switch (request.kind()) {
      case READ -> {
        Payload data = pool.lease(length);
        data.view().put(bytes.slice(offset, length));
        return data;
      }
      case WRITE -> bytes.slice(offset, length).put(request.payload().view());
      case TRIM, ZERO -> bytes.slice(offset, length).put(new byte[length]);
      case FLUSH -> {}
    }
    if (request.kind() != Kind.FLUSH) {
      boolean holds = request.kind() == Kind.WRITE;
      mapped.set(offset / BLOCK, (offset + length + BLOCK - 1) / BLOCK, holds);
    }
    return null;
  }

  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    List<Run> runs = new ArrayList<>();
    long position = offsetBytes;
    long end = offsetBytes + lengthBytes;
    while (position < end) {
      int block = (int) (position / BLOCK);
      boolean is = mapped.get(block);
      int next = is ? mapped.nextClearBit(block) : mapped.nextSetBit(block);
      long stop = next < 0 ? end : Math.min(end, (long) next * BLOCK);
      runs.add(new Run(stop - position, is));
      position = stop;
    }
    loop.execute(() -> done.done(failure, runs));
  }
}
