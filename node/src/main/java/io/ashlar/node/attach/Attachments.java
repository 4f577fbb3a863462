package io.ashlar.node.attach;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.agent.ControllerClient;
import io.ashlar.node.frontend.fuse.FuseFrontend;
import io.ashlar.node.frontend.fuse.FuseVolume;
import io.ashlar.node.http.NodeMetrics;
import io.ashlar.runtime.VolumeCoordinator;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes attached to this node: for each a device that stays, and a coordinator that is opened
 * again for as long as the record says that the volume is attached here in this generation. What is
 * attached is noted in the state directory, so that a restarted daemon takes it up again by itself.
 *
 * <p>Work that may block runs on platform threads, one volume's after the other; devices and
 * coordinators are touched on the data loop only.
 */
public final class Attachments implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Attachments.class);
  private static final long SERVE_SECONDS_MAX = 100;
  private static final long RETRY_MILLIS = 200;

  /** One attachment of one generation. */
  private static final class Attached {
    final VolumeId volume;
    final long generation;
    final AttachedDevice device;
    final CompletableFuture<Long> servingBytes = new CompletableFuture<>();
    volatile boolean leaving;

    Attached(VolumeId volume, long generation, boolean readOnly) {
      this.device = new AttachedDevice(readOnly);
      this.volume = volume;
      this.generation = generation;
    }
  }

  private final NodeId node;
  private final DataLoop loop;
  private final Coordinators coordinators;
  private final ControllerClient controller;
  private final FuseFrontend fuse;
  private final AttachmentNotes notes;
  private final NodeMetrics metrics;
  private final io.ashlar.env.Clock clock;
  private final ExecutorService work =
      Executors.newCachedThreadPool(
          task -> Thread.ofPlatform().name("attach").daemon().unstarted(task));
  private final Map<VolumeId, Attached> attached = new ConcurrentHashMap<>();
  private final Map<VolumeId, Object> locks = new ConcurrentHashMap<>();

  public Attachments(
      NodeId node,
      DataLoop loop,
      Coordinators coordinators,
      ControllerClient controller,
      FuseFrontend fuse,
      AttachmentNotes notes,
      NodeMetrics metrics,
      io.ashlar.env.Clock clock) {
    this.node = node;
    this.loop = loop;
    this.coordinators = coordinators;
    this.controller = controller;
    this.fuse = fuse;
    this.notes = notes;
    this.metrics = metrics;
    this.clock = clock;
  }

  /**
   * Takes up again what an earlier process had attached; in the background, until it is clear.
   * Blocks until all of it is there, but no longer than this.
   */
  public void resume(Duration patience) throws IOException, InterruptedException {
    List<VolumeId> noted = notes.all();
    CountDownLatch unclear = new CountDownLatch(noted.size());
    for (VolumeId volume : noted) {
      work.execute(
          () -> {
            resumeOne(volume);
            unclear.countDown();
          });
    }
    if (!unclear.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.warn("event=resuming_goes_on volumes={} of={}", unclear.getCount(), noted.size());
    }
  }

  private void resumeOne(VolumeId volume) {
    while (true) {
      try {
        var _ = attach(volume);
        return;
      } catch (StatusRuntimeException | IOException e) {
        boolean gone =
            e instanceof StatusRuntimeException status
                && (status.getStatus().getCode() == Status.Code.FAILED_PRECONDITION
                    || status.getStatus().getCode() == Status.Code.NOT_FOUND);
        if (gone) {
          LOG.info("event=attachment_over volume={} reason=\"{}\"", volume, e.getMessage());
          cleanUp(volume);
          return;
        }
        LOG.warn("event=attachment_waits volume={} reason=\"{}\"", volume, e.getMessage());
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A device of an attachment that is over answers errors, and goes when nobody has it open. */
  private void cleanUp(VolumeId volume) {
    try {
      fuse.abandon(volume);
      fuse.detach(volume);
      notes.remove(volume);
    } catch (IOException e) {
      LOG.warn("event=device_left volume={} reason=\"{}\"", volume, e.getMessage());
    }
  }

  /**
   * Attaches a volume, or finds it attached; blocks until its device can be used.
   *
   * @throws StatusRuntimeException FAILED_PRECONDITION if the record does not attach it here, or as
   *     the controller says; UNAVAILABLE if it does not come to serve in time
   * @throws IOException if the device cannot be made
   */
  public FuseVolume attach(VolumeId volume) throws IOException {
    synchronized (locks.computeIfAbsent(volume, any -> new Object())) {
      VolumeView view = controller.volume(volume.value());
      requireHere(view);
      long generation = view.getMembership().getGeneration();
      Attached current = attached.get(volume);
      if (current == null || current.generation != generation) {
        if (current != null) {
          leave(current);
        }
        current = new Attached(volume, generation, view.getReadOnly());
        attached.put(volume, current);
        notes.add(volume);
        Attached opened = current;
        loop.execute(() -> open(opened));
      }
      long sizeBytes = await(current);
      return fuse.attach(
          new FuseFrontend.Exposure(
              volume, generation, sizeBytes, view.getReadOnly(), current.device, loop));
    }
  }

  private void requireHere(VolumeView view) {
    boolean here =
        view.getMembership().hasAttachment()
            && view.getMembership().getAttachment().getNodeId().equals(node.value());
    if (!here) {
      throw Status.FAILED_PRECONDITION
          .withDescription(
              "volume "
                  + view.getVolumeId()
                  + " is not attached to "
                  + node
                  + ": call ControllerPublishVolume first")
          .asRuntimeException();
    }
  }

  private long await(Attached current) {
    try {
      return current.servingBytes.get(SERVE_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw Status.FAILED_PRECONDITION
          .withDescription(e.getCause().getMessage())
          .asRuntimeException();
    } catch (TimeoutException e) {
      throw Status.UNAVAILABLE
          .withDescription(
              "volume " + current.volume + " does not serve yet: " + waitingFor(current.volume))
          .asRuntimeException();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.UNAVAILABLE.withDescription("interrupted").asRuntimeException();
    }
  }

  private String waitingFor(VolumeId volume) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    loop.execute(
        () ->
            answer.complete(
                coordinators
                    .find(volume)
                    .map(it -> it.machine().waitingFor())
                    .orElse("no coordinator")));
    return answer.join();
  }

  // ---- coordinators, on the loop

  private void open(Attached current) {
    coordinators.openForAttachment(
        current.volume,
        current.generation,
        new VolumeCoordinator.Listener() {
          @Override
          public void serving(io.ashlar.model.VolumeView view) {
            coordinators
                .find(current.volume)
                .ifPresent(
                    it ->
                        current.device.serve(
                            new MeteredDevice(it, metrics.volume(current.volume), clock)));
            current.servingBytes.complete(view.sizeBytes());
          }

          @Override
          public void closed(String reason) {
            current.device.interrupt();
            if (!current.leaving) {
              work.execute(() -> closedByItself(current, reason));
            }
          }
        });
  }

  /** The coordinator ended though nobody asked: the record says whether the attachment is over. */
  private void closedByItself(Attached current, String reason) {
    while (!current.leaving) {
      try {
        VolumeView view = controller.volume(current.volume.value());
        requireHere(view);
        if (view.getMembership().getGeneration() != current.generation) {
          fenced(current, "a newer attachment is recorded");
          return;
        }
        LOG.info("event=reopen volume={} reason=\"{}\"", current.volume, reason);
        pause();
        loop.execute(() -> open(current));
        return;
      } catch (StatusRuntimeException e) {
        Status.Code code = e.getStatus().getCode();
        if (code == Status.Code.FAILED_PRECONDITION || code == Status.Code.NOT_FOUND) {
          fenced(current, e.getStatus().getDescription());
          return;
        }
        pause();
      }
    }
  }

  private void fenced(Attached current, String reason) {
    LOG.warn(
        "event=fenced volume={} generation={} reason=\"{}\"",
        current.volume,
        current.generation,
        reason);
    metrics.volume(current.volume).fenced();
    synchronized (locks.computeIfAbsent(current.volume, any -> new Object())) {
      attached.remove(current.volume, current);
      current.leaving = true;
      current.servingBytes.completeExceptionally(
          new IOException("the attachment is over: " + reason));
      loop.execute(current.device::end);
      cleanUp(current.volume);
    }
  }

  // ---- leaving

  /**
   * Takes the device down and closes the coordinator; blocks until the record is left. Nothing
   * attached is success.
   *
   * @throws IOException if the device is still in use
   */
  public void detach(VolumeId volume) throws IOException {
    synchronized (locks.computeIfAbsent(volume, any -> new Object())) {
      fuse.detach(volume);
      Attached current = attached.remove(volume);
      if (current != null) {
        leave(current);
      }
      notes.remove(volume);
    }
  }

  private void leave(Attached current) {
    current.leaving = true;
    CompletableFuture<Void> closed = new CompletableFuture<>();
    loop.execute(() -> closeOnLoop(current, closed));
    try {
      closed.get(SERVE_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw Status.UNAVAILABLE
          .withDescription(
              "volume " + current.volume + " does not close: " + waitingFor(current.volume))
          .withCause(e)
          .asRuntimeException();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.UNAVAILABLE.withDescription("interrupted").asRuntimeException();
    }
  }

  private void closeOnLoop(Attached current, CompletableFuture<Void> closed) {
    current.device.end();
    coordinators.close(current.volume, () -> closed.complete(null));
  }

  /** What is attached, with its device; for the CSI service. */
  public Optional<FuseVolume> find(VolumeId volume) {
    return attached.containsKey(volume) ? fuse.find(volume) : Optional.empty();
  }

  /** The devices that NBD may export: attached volumes by id. Loop thread only. */
  public Optional<AttachedDevice> device(VolumeId volume) {
    return Optional.ofNullable(attached.get(volume)).map(it -> it.device);
  }

  public java.util.Set<VolumeId> volumes() {
    return java.util.Set.copyOf(attached.keySet());
  }

  /**
   * Gives the device this size if it is larger; blocks.
   *
   * @throws IOException if the volume is not attached, or the kernel does not take the size
   */
  public FuseVolume grow(VolumeId volume, long sizeBytes) throws IOException {
    synchronized (locks.computeIfAbsent(volume, any -> new Object())) {
      fuse.resize(volume, sizeBytes);
      return find(volume)
          .orElseThrow(() -> new IOException("volume " + volume + " is not attached"));
    }
  }

  /** The volume has grown; the engine knows already. Returns at once. */
  public void resized(VolumeId volume, long sizeBytes) {
    if (attached.containsKey(volume)) {
      work.execute(
          () -> {
            try {
              fuse.resize(volume, sizeBytes);
            } catch (IOException e) {
              LOG.warn("event=resize_failed volume={} reason=\"{}\"", volume, e.getMessage());
            }
          });
    }
  }

  @Override
  public void close() {
    work.shutdownNow();
  }
}
