package io.ashlar.node.agent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.NodeAddress;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RecordFormatRequest;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.control.v1.VolumesGrpc.VolumesBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controllers as this node sees them: it registers and beats with all of them, so that each
 * knows which nodes are alive, and lends a connection to one that answers. Every controller can
 * read and change records; whom one asks makes no difference. Blocking calls are for threads that
 * may wait, never for the data loop.
 */
public final class ControllerClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControllerClient.class);
  private static final long ASK_SECONDS = 3;
  private static final long PAUSE_MILLIS = 50;

  private final List<String> given;
  private final Function<String, ManagedChannel> channels;
  private final Reports reports;
  private final CompletableFuture<String> clusterId = new CompletableFuture<>();

  @GuardedBy("this")
  private final Map<String, ControllerConnection> connections = new TreeMap<>();

  /** Where controllers are: by the configuration, then by answers. */
  @GuardedBy("this")
  private int timesTold;

  @GuardedBy("this")
  private boolean closed;

  /** Asked first, for as long as it answers. */
  private volatile ControllerConnection favourite;

  /**
   * @param given addresses from the configuration: used until a controller tells where all of them
   *     are, and when none of those answers
   * @param channels opens a channel to an address
   * @param pools asked with every heartbeat
   * @param peers told with every heartbeat where the nodes listen, on a heartbeat's thread
   */
  public ControllerClient(
      List<String> given,
      Function<String, ManagedChannel> channels,
      RegisterRequest registration,
      Supplier<List<Pool>> pools,
      Consumer<List<NodeAddress>> peers) {
    this.given = List.copyOf(given);
    this.channels = channels;
    this.reports = new Reports(registration, pools, peers);
  }

  private final class Reports implements ControllerConnection.Reports {
    private final RegisterRequest registration;
    private final Supplier<List<Pool>> pools;
    private final Consumer<List<NodeAddress>> peers;

    Reports(
        RegisterRequest registration,
        Supplier<List<Pool>> pools,
        Consumer<List<NodeAddress>> peers) {
      this.registration = registration;
      this.pools = pools;
      this.peers = peers;
    }

    @Override
    public RegisterRequest registration() {
      return registration;
    }

    @Override
    public List<Pool> pools() {
      return pools.get();
    }

    @Override
    public void registered(String cluster) {
      clusterId.complete(cluster);
    }

    @Override
    public void answered(HeartbeatReply reply) {
      connectTo(reply.getControllersList());
      peers.accept(reply.getPeersList());
    }

    @Override
    public void unanswered() {
      tryGiven();
    }
  }

  /** Begins to register and to beat. */
  public void start() {
    connectTo(given);
  }

  /**
   * Keeps connections to these, and to the given ones while none of these answers. Called by every
   * beat that was answered; a silent one of them is left alone until the others say it is gone.
   */
  private synchronized void connectTo(List<String> told) {
    if (closed) {
      return;
    }
    Set<String> wanted = new LinkedHashSet<>(told.isEmpty() ? given : told);
    if (!reachesOne(wanted)) {
      wanted.addAll(given);
    }
    openSome(wanted);
    for (String address : List.copyOf(connections.keySet())) {
      if (!wanted.contains(address)) {
        connections.remove(address).close();
      }
    }
    if (favourite == null) {
      favourite = connections.values().iterator().next();
    }
  }

  /**
   * All at the start; nothing with the first answer, and then one with each: just after a start,
   * when volumes wait for their records, handshakes with controllers that nothing is asked of are
   * only in the way.
   */
  @GuardedBy("this")
  private void openSome(Set<String> wanted) {
    long most = timesTold == 0 ? wanted.size() : Math.min(timesTold - 1, 1);
    timesTold++;
    List<String> missing = new ArrayList<>(wanted);
    missing.removeAll(connections.keySet());
    for (String address : missing.subList(0, (int) Math.min(most, missing.size()))) {
      open(address);
    }
  }

  @GuardedBy("this")
  private void open(String address) {
    connections.computeIfAbsent(
        address,
        absent -> new ControllerConnection(address, channels.apply(address), reports).start());
  }

  /** All that were told of may have been replaced. */
  private synchronized void tryGiven() {
    if (!closed && !reachesOne(connections.keySet())) {
      given.forEach(this::open);
    }
  }

  @GuardedBy("this")
  private boolean reachesOne(Set<String> addresses) {
    for (String address : addresses) {
      ControllerConnection connection = connections.get(address);
      if (connection != null && connection.isAnswering()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Reports at once, as when the pools have just been opened; blocks until everybody was tried, but
   * not for long for one that does not answer.
   */
  public void reportNow() {
    List<Future<?>> beats = new ArrayList<>();
    synchronized (this) {
      connections.values().forEach(connection -> beats.add(connection.beatSoon()));
    }
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(ASK_SECONDS);
    beats.forEach(beat -> await(beat, endNanos));
  }

  private static void await(Future<?> beat, long endNanos) {
    try {
      beat.get(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (CancellationException | TimeoutException gone) {
      LOG.debug("event=not_reported reason=\"{}\"", gone.toString());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException broken) {
      throw new IllegalStateException(broken.getCause());
    }
  }

  /** Id of the cluster, known from the first registration on. */
  public CompletableFuture<String> clusterId() {
    return clusterId;
  }

  /** One that answers, else any. */
  ControllerConnection connection() {
    ControllerConnection first = favourite;
    if (first.isAnswering()) {
      return first;
    }
    synchronized (this) {
      favourite =
          connections.values().stream()
              .filter(ControllerConnection::isAnswering)
              .findFirst()
              .orElseGet(() -> connections.values().iterator().next());
      return favourite;
    }
  }

  /** Another one than this, if possible one that answers. */
  private synchronized ControllerConnection otherThan(ControllerConnection silent) {
    return connections.values().stream()
        .filter(connection -> connection != silent)
        .max(Comparator.comparing(ControllerConnection::isAnswering))
        .orElse(silent);
  }

  /**
   * Reads a volume's record; blocks.
   *
   * @throws StatusRuntimeException as the controller or the connection says
   */
  public VolumeView volume(String volumeId) {
    GetVolumeRequest request = GetVolumeRequest.newBuilder().setVolumeId(volumeId).build();
    return call(stub -> stub.get(request));
  }

  /** Notes a step of formatting durably; blocks. */
  public VolumeView recordFormat(RecordFormatRequest request) {
    return call(stub -> stub.recordFormat(request));
  }

  /** What may be asked twice is asked of one after the other, until one answers. */
  private <T> T call(Function<VolumesBlockingStub, T> question) {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(ASK_SECONDS);
    ControllerConnection asked = connection();
    while (true) {
      try {
        return question.apply(asked.volumesBlocking());
      } catch (StatusRuntimeException failed) {
        if (!isSilence(failed.getStatus()) || System.nanoTime() > endNanos) {
          throw failed;
        }
        asked.suspect();
        pause(failed);
        asked = otherThan(asked);
      }
    }
  }

  private static void pause(StatusRuntimeException failed) {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw failed;
    }
  }

  /** Whether nobody answered, rather than somebody refused. */
  static boolean isSilence(Status status) {
    return status.getCode() == Status.Code.UNAVAILABLE
        || status.getCode() == Status.Code.DEADLINE_EXCEEDED;
  }

  @Override
  public synchronized void close() {
    closed = true;
    connections.values().forEach(ControllerConnection::close);
    connections.clear();
  }
}
