package io.ashlar.node.frontend.fuse;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.DeviceGeometry;
import io.ashlar.block.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A device over a mapped file, which outlives the process like a real copy would, with a loop
 * thread of its own. Can answer late and can answer errors for a range.
 */
final class MemoryDevice implements BlockDevice, AutoCloseable {
  final ScheduledExecutorService loop =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("loop").unstarted(task));
  final AtomicLong writes = new AtomicLong();
  final AtomicLong flushes = new AtomicLong();
  final AtomicLong trimmedBytes = new AtomicLong();
  private final MappedByteBuffer memory;
  private final long delayMicros;
  private volatile long badFrom = Long.MAX_VALUE;
  private volatile long badTo = Long.MAX_VALUE;
  private volatile boolean failWrites;

  MemoryDevice(Path file, long sizeBytes, long delayMicros) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, sizeBytes);
    }
    this.delayMicros = delayMicros;
  }

  /** Requests that touch this range fail. */
  MemoryDevice bad(long fromBytes, long toBytes, boolean writesToo) {
    badFrom = fromBytes;
    badTo = toBytes;
    failWrites = writesToo;
    return this;
  }

  @Override
  public DeviceGeometry geometry() {
    return new DeviceGeometry(memory.capacity(), 4096, 1 << 20);
  }

  @Override
  public long openSession() {
    return 1;
  }

  @Override
  public void endSession(long session) {}

  @Override
  public void submit(long session, BlockRequest request) {
    if (delayMicros == 0) {
      loop.execute(() -> execute(request));
    } else {
      var _ = loop.schedule(() -> execute(request), delayMicros, TimeUnit.MICROSECONDS);
    }
  }

  private void execute(BlockRequest request) {
    boolean touched = request.offsetBytes() < badTo && endBytes(request) > badFrom;
    boolean checked = failWrites || request.kind() == BlockRequest.Kind.READ;
    if (touched && checked) {
      release(request);
      request.completion().done(Status.IO_ERROR, null);
      return;
    }
    request.completion().done(Status.OK, perform(request));
  }

  private static long endBytes(BlockRequest request) {
    return request.offsetBytes() + request.lengthBytes();
  }

  private static void release(BlockRequest request) {
    if (request.payload() != null) {
      request.payload().release();
    }
  }

  private Payload perform(BlockRequest request) {
    int offset = (int) request.offsetBytes();
    int length = (int) request.lengthBytes();
    switch (request.kind()) {
      case READ -> {
        return Payload.unpooled(
            ByteBuffer.allocateDirect(length).put(memory.slice(offset, length)).flip());
      }
      case WRITE -> {
        writes.incrementAndGet();
        memory.put(offset, request.payload().view(), 0, length);
        request.payload().release();
      }
      case FLUSH -> flushes.incrementAndGet();
      case TRIM, ZERO -> {
        trimmedBytes.addAndGet(length);
        memory.put(offset, new byte[length]);
      }
    }
    return null;
  }

  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    done.done(Status.OK, List.of(new Run(lengthBytes, true)));
  }

  @Override
  public void close() {
    loop.shutdown();
  }
}
