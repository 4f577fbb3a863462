package io.ashlar.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.HeartbeatReply;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.RegisterReply;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.control.v1.VolumesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several controllers over real gRPC, one of which ends. */
final class ControllerClientTest {
  private final List<FakeController> controllers = new ArrayList<>();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final List<WatchedChannel> channels = new CopyOnWriteArrayList<>();
  private ControllerClient client;

  /** Answers what a controller answers, and counts who asks. */
  private final class FakeController {
    private final AtomicInteger registrations = new AtomicInteger();
    private final AtomicInteger beats = new AtomicInteger();
    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicBoolean silent = new AtomicBoolean();
    private final Server server;

    FakeController() throws Exception {
      this(0);
    }

    FakeController(int port) throws Exception {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
              .addService(nodes())
              .addService(volumes())
              .build()
              .start();
      controllers.add(this);
    }

    String address() {
      return "127.0.0.1:" + server.getPort();
    }

    private NodesGrpc.NodesImplBase nodes() {
      return new NodesGrpc.NodesImplBase() {
        @Override
        public void register(RegisterRequest request, StreamObserver<RegisterReply> observer) {
          registrations.incrementAndGet();
          observer.onNext(RegisterReply.newBuilder().setClusterId("c1").build());
          observer.onCompleted();
        }

        @Override
        public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatReply> observer) {
          beats.incrementAndGet();
          if (silent.get()) {
            return;
          }
          observer.onNext(HeartbeatReply.newBuilder().addAllControllers(told).build());
          observer.onCompleted();
        }
      };
    }

    private VolumesGrpc.VolumesImplBase volumes() {
      return new VolumesGrpc.VolumesImplBase() {
        @Override
        public void get(GetVolumeRequest request, StreamObserver<VolumeView> observer) {
          reads.incrementAndGet();
          observer.onNext(VolumeView.newBuilder().setVolumeId(request.getVolumeId()).build());
          observer.onCompleted();
        }
      };
    }
  }

  private ManagedChannel channel(String address) {
    WatchedChannel channel =
        new WatchedChannel(NettyChannelBuilder.forTarget(address).usePlaintext().build());
    channels.add(channel);
    return channel;
  }

  private void connect(FakeController first) {
    connect(first.address());
  }

  private void connect(String address) {
    client =
        new ControllerClient(
            List.of(address),
            this::channel,
            RegisterRequest.newBuilder().setNodeId("n1").setInstance(1).build(),
            List::of,
            peers -> {});
    client.start();
  }

  @AfterEach
  void end() {
    client.close();
    controllers.forEach(controller -> controller.server.shutdownNow());
  }

  private static void await(BooleanSupplier wanted) throws InterruptedException {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!wanted.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(endNanos);
      Thread.sleep(10);
    }
  }

  @Test
  void itBeatsWithAllThatItIsToldOf() throws Exception {
    FakeController first = new FakeController();
    FakeController second = new FakeController();
    told.addAll(List.of(first.address(), second.address()));
    connect(first);

    await(() -> first.beats.get() >= 3 && second.beats.get() >= 2);
    assertThat(first.registrations).hasValue(1);
    assertThat(second.registrations).hasValue(1);
    assertThat(client.clusterId()).isCompletedWithValue("c1");
  }

  @Test
  void whenOneEndsTheNextCallIsAnsweredByAnother() throws Exception {
    FakeController first = new FakeController();
    FakeController second = new FakeController();
    told.addAll(List.of(first.address(), second.address()));
    connect(first);
    await(() -> first.beats.get() >= 1 && second.beats.get() >= 1);
    first.server.shutdownNow().awaitTermination();

    assertThat(client.volume("v").getVolumeId()).isEqualTo("v");
    assertThat(second.reads).hasValue(1);
  }

  @Test
  void oneThatIsNotToldOfAnyMoreIsLeft() throws Exception {
    FakeController first = new FakeController();
    FakeController second = new FakeController();
    told.addAll(List.of(first.address(), second.address()));
    connect(first);
    await(() -> second.beats.get() >= 1);
    told.remove(first.address());
    await(() -> second.beats.get() >= 4);
    int beats = first.beats.get();
    await(() -> second.beats.get() >= 6);

    assertThat(first.beats.get()).isLessThanOrEqualTo(beats + 1);
  }

  @Test
  void aReportDoesNotWaitForOneThatIsLeftMeanwhile() throws Exception {
    FakeController first = new FakeController();
    FakeController second = new FakeController();
    told.addAll(List.of(first.address(), second.address()));
    connect(first);
    await(() -> first.beats.get() >= 1 && second.beats.get() >= 1);
    first.silent.set(true);
    int beats = first.beats.get();
    await(() -> first.beats.get() > beats); // and is not answered: what follows waits behind it
    Thread report = Thread.ofPlatform().start(client::reportNow);
    await(() -> report.getState() == Thread.State.TIMED_WAITING);
    told.remove(first.address());

    assertThat(report.join(Duration.ofSeconds(2))).as("the report has ended").isTrue();
  }

  @Test
  void whenNobodyAnswersTheCallFailsAndTheGivenAddressIsTriedAgain() throws Exception {
    FakeController first = new FakeController();
    told.add(first.address());
    connect(first);
    await(() -> first.beats.get() >= 1);
    int port = first.server.getPort();
    first.server.shutdownNow().awaitTermination();

    assertThatThrownBy(() -> client.volume("v")).isInstanceOf(StatusRuntimeException.class);
    await(() -> channels.getFirst().resets() > 0); // else gRPC would wait longer and longer
    Server again =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
            .addService(first.nodes())
            .addService(first.volumes())
            .build()
            .start();
    int beats = first.beats.get();
    await(() -> first.beats.get() > beats);
    assertThat(client.volume("v").getVolumeId()).isEqualTo("v");
    again.shutdownNow();
  }

  @Test
  void whenAllThatWereToldOfAreReplacedTheGivenAddressTellsOfTheNewOnes() throws Exception {
    FakeController given = new FakeController();
    FakeController old = new FakeController();
    FakeController replacement = new FakeController();
    told.add(old.address());
    connect(given);
    await(() -> old.beats.get() >= 2);
    told.set(0, replacement.address());
    int before = replacement.beats.get();
    old.server.shutdownNow().awaitTermination();

    await(() -> replacement.beats.get() > before);
    assertThat(client.volume("v").getVolumeId()).isEqualTo("v");
  }

  /** As an address of a service does whose endpoint has gone without a word. */
  @Test
  void aConnectionThatNobodyAnswersOnIsMadeAnew() throws Exception {
    ServerSocket gone = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    connect("127.0.0.1:" + gone.getLocalPort());
    try (Socket mute = gone.accept()) {
      gone.close();
      FakeController controller = new FakeController(gone.getLocalPort());

      await(() -> controller.beats.get() >= 1);
      assertThat(mute.isClosed()).isFalse();
    }
  }
}
