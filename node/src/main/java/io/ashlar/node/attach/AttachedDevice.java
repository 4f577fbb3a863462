package io.ashlar.node.attach;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.DeviceGeometry;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The device of one attachment generation as its front-ends see it for the whole time: behind it
 * one coordinator may follow another. Between two of them requests wait; when the attachment is
 * over they fail, for good. Loop thread only.
 */
final class AttachedDevice implements BlockDevice {
  private record Waiting(long session, BlockRequest request) {}

  private final boolean readOnly;
  private final Deque<Waiting> waiting = new ArrayDeque<>();

  /** Sessions of the front-ends, and what each is called at the present coordinator. */
  private final Map<Long, Long> inner = new HashMap<>();

  private BlockDevice behind;
  private DeviceGeometry lastGeometry = new DeviceGeometry(0, 4096, 1 << 20);
  private long sessions;
  private boolean over;

  /** Front-ends offer a {@code readOnly} one as such, and let nothing through that changes it. */
  AttachedDevice(boolean readOnly) {
    this.readOnly = readOnly;
  }

  boolean isReadOnly() {
    return readOnly;
  }

  /** A coordinator serves: what waited goes on. */
  void serve(BlockDevice device) {
    behind = device;
    inner.replaceAll((session, old) -> device.openSession());
    List<Waiting> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(next -> submit(next.session, next.request));
  }

  /** The coordinator has ended; perhaps another one follows. */
  void interrupt() {
    if (behind != null) {
      lastGeometry = behind.geometry();
    }
    behind = null;
  }

  /** The attachment is over. */
  void end() {
    over = true;
    interrupt();
    List<Waiting> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(next -> fail(next.request));
  }

  private static void fail(BlockRequest request) {
    if (request.payload() != null) {
      request.payload().release();
    }
    request.completion().done(Status.SHUT_DOWN, null);
  }

  @Override
  public DeviceGeometry geometry() {
    return behind == null ? lastGeometry : behind.geometry();
  }

  @Override
  public long openSession() {
    long session = ++sessions;
    inner.put(session, behind == null ? 0 : behind.openSession());
    return session;
  }

  @Override
  public void endSession(long session) {
    Long at = inner.remove(session);
    for (Waiting next : List.copyOf(waiting)) {
      if (next.session == session) {
        waiting.remove(next);
        fail(next.request);
      }
    }
    if (behind != null && at != null) {
      behind.endSession(at);
    }
  }

  @Override
  public void submit(long session, BlockRequest request) {
    if (over || !inner.containsKey(session)) {
      fail(request);
    } else if (behind == null) {
      waiting.add(new Waiting(session, request));
    } else {
      behind.submit(inner.get(session), again(session, request));
    }
  }

  /**
   * A coordinator that ends while the attachment goes on answers SHUT_DOWN without having done a
   * read or a flush; those are asked again of the next one. A write may have happened or not: done
   * again it has happened for certain, which is what re-sending means to a block device.
   */
  private BlockRequest again(long session, BlockRequest request) {
    if (request.payload() != null) {
      request.payload().retain();
    }
    return new BlockRequest(
        request.kind(),
        request.offsetBytes(),
        request.lengthBytes(),
        request.fua(),
        request.payload(),
        (status, data) -> {
          if (status == Status.SHUT_DOWN && !over) {
            waiting.add(new Waiting(session, request));
            return;
          }
          if (request.payload() != null) {
            request.payload().release();
          }
          request.completion().done(status, data);
        });
  }

  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    if (behind == null || !inner.containsKey(session)) {
      done.done(Status.SHUT_DOWN, List.of());
    } else {
      behind.mapped(inner.get(session), offsetBytes, lengthBytes, done);
    }
  }
}
