package io.ashlar.node.agent;

import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to one controller: registers there, and beats every second on a thread of its own,
 * so that a controller that does not answer delays no other.
 */
final class ControllerConnection implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControllerConnection.class);
  private static final long CALL_SECONDS = 3;
  private static final long HEARTBEAT_MILLIS = 1_000;

  /** What a connection reports, and whom it tells; called on the connection's thread. */
  interface Reports {
    RegisterRequest registration();

    List<Pool> pools();

    void registered(String clusterId);

    void answered(HeartbeatReply reply);

    void unanswered();
  }

  private final String address;
  private final ManagedChannel channel;
  private final Reports reports;
  private final ScheduledExecutorService heart =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().name("heartbeat").daemon().unstarted(task));
  private boolean registered;
  private boolean silent;

  /** It did not even say that it is not there. */
  private boolean mute;

  private volatile boolean answering;

  /**
   * @param channel taken over
   */
  ControllerConnection(String address, ManagedChannel channel, Reports reports) {
    this.address = address;
    this.channel = channel;
    this.reports = reports;
  }

  ControllerConnection start() {
    var _ = heart.scheduleWithFixedDelay(this::beat, 0, HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
    return this;
  }

  /** Whether the last thing that was asked of it was answered. */
  boolean isAnswering() {
    return answering;
  }

  /** A call got no answer: others are asked until this one answers again. */
  void suspect() {
    answering = false;
  }

  /** A beat outside of the rhythm; done when it was tried, cancelled when this is closed before. */
  Future<?> beatSoon() {
    try {
      return heart.submit(this::beat);
    } catch (RejectedExecutionException closed) {
      return CompletableFuture.completedFuture(null);
    }
  }

  private void beat() {
    if (mute) {
      // The address leads elsewhere by now, but TCP goes on asking one that is gone, for minutes.
      channel.enterIdle();
      mute = false;
    } else if (silent) {
      // By itself it would wait longer from time to time, up to two minutes.
      channel.resetConnectBackoff();
    }
    try {
      if (!registered) {
        register();
      }
      HeartbeatReply reply =
          nodes()
              .heartbeat(
                  HeartbeatRequest.newBuilder()
                      .setNodeId(reports.registration().getNodeId())
                      .setInstance(reports.registration().getInstance())
                      .addAllPools(reports.pools())
                      .build());
      registered = !reply.getRegister();
      answering = registered;
      silent = false;
      reports.answered(reply);
    } catch (StatusRuntimeException e) {
      registered = false;
      answering = false;
      mute = e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED;
      if (!silent) {
        silent = true;
        LOG.warn(
            "event=controller_unreachable address={} code={} reason=\"{}\"",
            address,
            e.getStatus().getCode(),
            e.getStatus().getDescription());
      }
      reports.unanswered();
    } catch (RuntimeException e) {
      LOG.error("event=heartbeat_failed address={}", address, e);
    }
  }

  private void register() {
    RegisterRequest request =
        reports.registration().toBuilder().clearPools().addAllPools(reports.pools()).build();
    String cluster = nodes().register(request).getClusterId();
    registered = true;
    reports.registered(cluster);
    LOG.info("event=registered address={} cluster={}", address, cluster);
  }

  private NodesGrpc.NodesBlockingStub nodes() {
    return NodesGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** A stub for calls that answer to a listener. */
  VolumesGrpc.VolumesStub volumes() {
    return VolumesGrpc.newStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  VolumesGrpc.VolumesBlockingStub volumesBlocking() {
    return VolumesGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    answering = false;
    heart.shutdownNow().forEach(ControllerConnection::cancel);
    channel.shutdownNow();
  }

  /** Who waits for a beat that never begins would wait for ever. */
  private static void cancel(Runnable queued) {
    if (queued instanceof Future<?> beat) {
      beat.cancel(false);
    }
  }
}
