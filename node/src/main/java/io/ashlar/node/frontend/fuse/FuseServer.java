package io.ashlar.node.frontend.fuse;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.sys.FuseChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one FUSE connection: a reader thread for each of its channels. Requests go to the volume's
 * loop; the answer is written there when the completion comes. No request stays without an answer,
 * whatever is thrown: the kernel would wait for ever.
 *
 * <p>Until {@link #start} nothing is read, and the kernel keeps the requests.
 */
final class FuseServer {
  private static final Logger log = LoggerFactory.getLogger(FuseServer.class);

  private final String name;
  private final FuseFile file;
  private final List<FuseChannel> channels;
  private final BlockDevice device;
  private final Executor loop;
  private final FuseFrame.Pool frames;
  private final List<Thread> readers = new ArrayList<>();
  private final FuseAnswers loopAnswers = new FuseAnswers();
  private long session;

  /**
   * @param channels the mounted one and its clones; closed by their owner, after {@link #join}
   * @param framesMax bound on WRITEs that the engine holds at a time
   */
  FuseServer(
      String name,
      FuseFile file,
      List<FuseChannel> channels,
      BlockDevice device,
      Executor loop,
      int framesMax) {
    this.name = name;
    this.file = file;
    this.channels = List.copyOf(channels);
    this.device = device;
    this.loop = loop;
    this.frames = new FuseFrame.Pool(Math.max(framesMax, channels.size() + 1));
  }

  /**
   * Opens a session with the device and begins to read.
   *
   * @param resend true if an earlier process served this connection
   */
  void start(boolean resend) throws IOException {
    if (resend) {
      // Before the readers: afterwards our own requests would come a second time.
      new FuseAnswers().resend(channels.getFirst());
    }
    loop.execute(() -> session = device.openSession());
    for (int i = 0; i < channels.size(); i++) {
      FuseChannel channel = channels.get(i);
      readers.add(
          Thread.ofPlatform()
              .name("fuse-" + name + "-" + i)
              .daemon()
              .start(() -> readAll(channel)));
    }
  }

  /** Waits until the readers have ended, which they do when the file system is unmounted. */
  boolean join(long timeoutMillis) throws InterruptedException {
    long endNanos = System.nanoTime() + timeoutMillis * 1_000_000;
    for (Thread reader : readers) {
      reader.join(Math.max(1, (endNanos - System.nanoTime()) / 1_000_000));
    }
    boolean ended = readers.stream().noneMatch(Thread::isAlive);
    if (ended && !readers.isEmpty()) {
      loop.execute(() -> device.endSession(session));
      readers.clear();
    }
    return ended;
  }

  // ---- reader threads

  private void readAll(FuseChannel channel) {
    FuseAnswers answers = new FuseAnswers();
    try {
      FuseFrame frame = frames.take();
      while (frame != null) {
        frame = readOne(channel, frame, answers);
      }
    } catch (IOException failed) {
      log.error("fuse reader ended volume={}", name, failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the frame for the next request, or null when there will be none. */
  private FuseFrame readOne(FuseChannel channel, FuseFrame frame, FuseAnswers answers)
      throws IOException, InterruptedException {
    ByteBuffer request = frame.memory();
    int lengthBytes = channel.read(frame.address(), FuseFrame.CAPACITY_BYTES);
    if (lengthBytes == FuseChannel.RETRY) {
      return frame;
    }
    if (lengthBytes == FuseChannel.UNMOUNTED) {
      frame.giveBack();
      return null;
    }
    boolean kept = false;
    try {
      kept = serve(channel, frame, answers);
    } catch (RuntimeException | Error thrown) {
      log.error("fuse request failed volume={} op={}", name, FuseWire.opcode(request), thrown);
      answers.error(channel, FuseWire.unique(request), FuseWire.EIO);
    }
    return kept ? frames.take() : frame;
  }

  /** Returns true if the frame went to the loop. */
  private boolean serve(FuseChannel channel, FuseFrame frame, FuseAnswers answers) {
    ByteBuffer request = frame.memory();
    long unique = FuseWire.unique(request);
    int result = file.answer(request, answers.out(), FuseAnswers.bodyIndex());
    if (result == FuseFile.NOT_MINE) {
      return toLoop(channel, frame, unique, answers);
    }
    if (result >= 0) {
      answers.body(channel, unique, result);
    } else if (result != FuseFile.NO_ANSWER) {
      answers.error(channel, unique, -result);
    }
    return false;
  }

  private boolean toLoop(FuseChannel channel, FuseFrame frame, long unique, FuseAnswers answers) {
    ByteBuffer request = frame.memory();
    BlockRequest asked = asked(channel, frame, unique);
    if (asked == null) {
      answers.error(channel, unique, FuseWire.EOPNOTSUPP);
      return false;
    }
    boolean isWrite = FuseWire.opcode(request) == FuseWire.WRITE;
    try {
      loop.execute(() -> submit(channel, unique, asked));
    } catch (RejectedExecutionException loopEnded) {
      answers.error(channel, unique, FuseWire.EIO);
      return false;
    }
    return isWrite;
  }

  /** The request in the engine's words; null if it is something that we cannot do. */
  private BlockRequest asked(FuseChannel channel, FuseFrame frame, long unique) {
    ByteBuffer request = frame.memory();
    long offset = FuseWire.offsetBytes(request);
    return switch (FuseWire.opcode(request)) {
      case FuseWire.READ ->
          request(channel, unique, Kind.READ, offset, FuseWire.sizeBytes(request));
      case FuseWire.WRITE -> write(channel, frame, unique);
      case FuseWire.FSYNC -> request(channel, unique, Kind.FLUSH, 0, 0);
      case FuseWire.FALLOCATE -> fallocate(channel, request, unique);
      default -> null;
    };
  }

  private BlockRequest fallocate(FuseChannel channel, ByteBuffer request, long unique) {
    Kind kind = fallocateKind(FuseWire.fallocateMode(request));
    if (kind == null) {
      return null;
    }
    long length = FuseWire.fallocateLengthBytes(request);
    return request(channel, unique, kind, FuseWire.offsetBytes(request), length);
  }

  private static Kind fallocateKind(int mode) {
    if (mode == (FuseWire.FALLOCATE_KEEP_SIZE | FuseWire.FALLOCATE_PUNCH_HOLE)) {
      return Kind.TRIM;
    }
    return mode == (FuseWire.FALLOCATE_KEEP_SIZE | FuseWire.FALLOCATE_ZERO_RANGE)
        ? Kind.ZERO
        : null;
  }

  private BlockRequest request(
      FuseChannel channel, long unique, Kind kind, long offset, long length) {
    return new BlockRequest(
        kind,
        offset,
        length,
        false,
        null,
        (status, data) -> complete(channel, unique, status, data));
  }

  private BlockRequest write(FuseChannel channel, FuseFrame frame, long unique) {
    ByteBuffer request = frame.memory();
    int size = FuseWire.sizeBytes(request);
    if (size < 0 || size > FuseWire.lengthBytes(request) - FuseWire.LEAD_BYTES) {
      throw new IllegalStateException("WRITE of " + size + " bytes with less data");
    }
    boolean fua = (FuseWire.writeOpenFlags(request) & FuseWire.O_DSYNC) != 0;
    return new BlockRequest(
        Kind.WRITE,
        FuseWire.offsetBytes(request),
        size,
        fua,
        frame.takePayload(size),
        (status, data) -> {
          if (status == Status.OK) {
            loopAnswers.written(channel, unique, size);
          } else {
            complete(channel, unique, status, data);
          }
        });
  }

  // ---- loop thread

  private void submit(FuseChannel channel, long unique, BlockRequest request) {
    try {
      device.submit(session, request);
    } catch (RuntimeException | Error thrown) {
      log.error("device threw volume={} kind={}", name, request.kind(), thrown);
      loopAnswers.error(channel, unique, FuseWire.EIO);
    }
  }

  /** Takes the data over. */
  private void complete(FuseChannel channel, long unique, Status status, Payload data) {
    try {
      if (status == Status.OK && data != null) {
        loopAnswers.data(channel, unique, data.view());
      } else {
        loopAnswers.error(channel, unique, errno(status));
      }
    } finally {
      if (data != null) {
        data.release();
      }
    }
  }

  private static int errno(Status status) {
    return switch (status) {
      case OK -> 0;
      case NO_SPACE -> FuseWire.ENOSPC;
      case IO_ERROR, INVALID, SHUT_DOWN -> FuseWire.EIO;
    };
  }
}
