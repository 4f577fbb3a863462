package io.ashlar.runtime;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.DeviceGeometry;
import io.ashlar.block.Payload;
import io.ashlar.env.Link;
import io.ashlar.env.RecordStore;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.protocol.CoordinatorEffects;
import io.ashlar.protocol.CoordinatorMachine;
import io.ashlar.protocol.CoordinatorState;
import io.ashlar.wire.Message;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/**
 * A coordinator with its surroundings: executes the machine's effects on the node's ports, and is
 * the {@link BlockDevice} that front-ends use. Loop thread only.
 */
public final class VolumeCoordinator implements BlockDevice {
  /** Hears of the coordinator's life. */
  public interface Listener {
    /** Serving for the first time. */
    void serving(VolumeView view);

    /** It has ended; every request was answered. */
    void closed(String reason);
  }

  private static final int REQUEST_BYTES_MAX = 32 << 20;
  private static final int PREFERRED_BYTES = 4096;

  private record Completed(BlockRequest request, BlockRequest.Status status, Payload data) {}

  private final NodePorts ports;
  private final ReplicaHost replicas;
  private final VolumeId volume;
  private final CoordinatorRef self;
  private final Listener listener;
  private final CoordinatorMachine machine;
  private final Deque<Completed> completed = new ArrayDeque<>();
  private boolean submitting;
  private boolean ended;

  /**
   * @param generation of the attachment to serve, or empty to bring the members in sync only
   */
  public VolumeCoordinator(
      NodePorts ports,
      ReplicaHost replicas,
      VolumeId volume,
      OptionalLong generation,
      Listener listener) {
    this.ports = ports;
    this.replicas = replicas;
    this.volume = volume;
    this.listener = listener;
    this.self = new CoordinatorRef(ports.node(), ports.stateDirId(), ports.rng().nextLong() | 1);
    CoordinatorMachine.Opening opening =
        new CoordinatorMachine.Opening(ports.cluster(), volume, self, generation);
    this.machine = new CoordinatorMachine(opening, new Effects(), ports.timing(), ports.pool());
  }

  public void open() {
    machine.open(now());
    tick();
  }

  private void tick() {
    if (!ended) {
      machine.tick(now());
      ports.timers().after(ports.timing().tick(), this::tick);
    }
  }

  /** Drains and leaves the record; {@link Listener#closed} tells when. */
  public void close() {
    machine.close(now());
  }

  /** Stops at once without leaving the record. */
  public void abandon(String reason) {
    machine.abandon(reason, now());
  }

  public void recordMayHaveChanged() {
    machine.recordMayHaveChanged(now());
  }

  public CoordinatorMachine machine() {
    return machine;
  }

  public CoordinatorState state() {
    return machine.state();
  }

  public CoordinatorRef self() {
    return self;
  }

  private long now() {
    return ports.clock().nanos();
  }

  // ---- the device

  @Override
  public DeviceGeometry geometry() {
    long size = machine.view().map(VolumeView::sizeBytes).orElse(0L);
    return new DeviceGeometry(size, PREFERRED_BYTES, REQUEST_BYTES_MAX);
  }

  @Override
  public long openSession() {
    return machine.openSession();
  }

  @Override
  public void endSession(long session) {
    machine.endSession(session, now());
  }

  @Override
  public void submit(long session, BlockRequest request) {
    submitting = true;
    machine.submit(session, request, now());
    submitting = false;
    if (!completed.isEmpty()) {
      ports.timers().after(0, this::answerCompleted);
    }
  }

  private void answerCompleted() {
    while (!completed.isEmpty()) {
      Completed next = completed.poll();
      next.request.completion().done(next.status, next.data);
    }
  }

  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    machine.mapped(offsetBytes, lengthBytes, done, now());
  }

  private final class Effects implements CoordinatorEffects {
    @Override
    public long now() {
      return VolumeCoordinator.this.now();
    }

    @Override
    public void compareAndSet(long expectedRevision, Membership next, RecordStore.Callback done) {
      ports.records().compareAndSet(volume, self, expectedRevision, next, done);
    }

    @Override
    public void readRecord(RecordStore.Callback done) {
      ports.records().read(volume, done);
    }

    @Override
    public void connect(Member member, Link.Handler<Message> handler) {
      replicas.connect(member.node(), handler);
    }

    @Override
    public void complete(BlockRequest request, BlockRequest.Status status, Payload data) {
      if (submitting) {
        completed.add(new Completed(request, status, data));
      } else {
        request.completion().done(status, data);
      }
    }

    @Override
    public void closed(String reason) {
      ended = true;
      ports.timers().after(0, () -> listener.closed(reason));
    }

    @Override
    public void serving(VolumeView view) {
      ports.timers().after(0, () -> listener.serving(view));
    }

    @Override
    public void log(VolumeId of, String event) {
      ports.log().accept(of, event);
    }
  }
}
