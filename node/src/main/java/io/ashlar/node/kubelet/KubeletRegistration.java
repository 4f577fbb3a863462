package io.ashlar.node.kubelet;

import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.csi.server.CsiServer;
import io.ashlar.pluginregistration.v1.RegistrationStatus;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers the driver with the kubelet of this node, for as long as it is open.
 *
 * <p>The kubelet watches a folder: a socket that appears in it is asked who it is, one that goes is
 * a driver that is gone. A plugin that was refused is not asked again before its socket appears
 * anew, so we take it away and make it again after a pause, which doubles. There is one kubelet to
 * a socket and we never give up: a kubelet of an older version may be replaced by one that takes
 * us. The same is done if the socket cannot be made; volumes in use do not suffer from either.
 */
public final class KubeletRegistration implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KubeletRegistration.class);
  private static final Duration PAUSE_FIRST = Duration.ofSeconds(1);
  private static final Duration PAUSE_MAX = Duration.ofMinutes(1);

  private final RegistrationOptions options;
  private final Duration firstPause;

  /** One thread, to which all that follows belongs. */
  private final ScheduledExecutorService attempts =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("kubelet-registration").factory());

  private CsiServer server;
  private Future<?> again;
  private Duration pause;

  /** Does nothing yet. */
  public KubeletRegistration(RegistrationOptions options) {
    this(options, PAUSE_FIRST);
  }

  KubeletRegistration(RegistrationOptions options, Duration firstPause) {
    this.options = options;
    this.firstPause = firstPause;
    this.pause = firstPause;
  }

  /** Makes the socket soon; CSI must be served by now. Returns at once. */
  public void start() {
    attempts.execute(this::offer);
  }

  private void offer() {
    again = null;
    withdraw();
    CsiServer made =
        new CsiServer(
            options.endpoint(),
            List.of(new RegistrationService(options.csiPath(), this::told)),
            new CallInterceptor(Status::fromThrowable, CallObserver.NONE));
    try {
      server = made.start();
    } catch (IOException | IllegalArgumentException failed) {
      made.close();
      log.error("event=kubelet_socket_failed reason=\"{}\"", failed.getMessage());
      offerLater();
    }
  }

  private void withdraw() {
    if (server != null) {
      server.close();
      server = null;
    }
  }

  private void told(RegistrationStatus status) {
    attempts.execute(() -> decided(status));
  }

  private void decided(RegistrationStatus status) {
    if (status.getPluginRegistered()) {
      log.info("event=kubelet_registered socket={}", options.endpoint());
      cancelOffer();
      pause = firstPause;
    } else {
      log.error(
          "event=kubelet_refused reason=\"{}\" the kubelet starts no pods with our volumes on this"
              + " node before it takes the driver",
          status.getError());
      offerLater();
    }
  }

  /** Once, however often the kubelet says no meanwhile. */
  private void offerLater() {
    if (again == null) {
      log.info("event=kubelet_asked_later pauseMillis={}", pause.toMillis());
      again = attempts.schedule(this::offer, pause.toNanos(), TimeUnit.NANOSECONDS);
      Duration doubled = pause.multipliedBy(2);
      pause = doubled.compareTo(PAUSE_MAX) < 0 ? doubled : PAUSE_MAX;
    }
  }

  private void cancelOffer() {
    if (again != null) {
      again.cancel(false);
      again = null;
    }
  }

  /** Takes the socket away, so that the kubelet knows the driver to be gone. */
  @Override
  public void close() {
    Future<?> withdrawn =
        attempts.submit(
            () -> {
              cancelOffer();
              withdraw();
            });
    try {
      withdrawn.get();
    } catch (ExecutionException failed) {
      log.warn("event=kubelet_socket_not_removed", failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      attempts.shutdownNow();
    }
  }
}
