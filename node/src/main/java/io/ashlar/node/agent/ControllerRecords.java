package io.ashlar.node.agent;

import io.ashlar.control.v1.CompareAndSetReply;
import io.ashlar.control.v1.CompareAndSetRequest;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.env.RecordStore;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.net.NettyTransport;
import io.ashlar.node.HostPort;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Records through the controller's Volumes service. Calls are made and answered on the data loop;
 * addresses of members are learned from every answer in passing.
 */
public final class ControllerRecords implements RecordStore {
  private final ControllerClient controller;
  private final NettyTransport transport;
  private final Executor loop;

  public ControllerRecords(ControllerClient controller, NettyTransport transport, Executor loop) {
    this.controller = controller;
    this.transport = transport;
    this.loop = loop;
  }

  @Override
  public void read(VolumeId volume, Callback done) {
    ControllerConnection connection = controller.connection();
    connection
        .volumes()
        .get(
            GetVolumeRequest.newBuilder().setVolumeId(volume.value()).build(),
            new Answer<>(connection, message -> done.done(learn(message)), done));
  }

  @Override
  public void compareAndSet(
      VolumeId volume,
      CoordinatorRef caller,
      long expectedRevision,
      Membership next,
      Callback done) {
    CompareAndSetRequest request =
        CompareAndSetRequest.newBuilder()
            .setVolumeId(volume.value())
            .setExpectedRevision(expectedRevision)
            .setCaller(ControlMapping.coordinator(caller))
            .setMembership(ControlMapping.membership(next))
            .build();
    ControllerConnection connection = controller.connection();
    connection.volumes().compareAndSet(request, new SwapAnswer(connection, volume, done));
  }

  private VolumeView learn(io.ashlar.control.v1.VolumeView message) {
    for (io.ashlar.control.v1.Member member : message.getMembership().getMembersList()) {
      if (!member.getReplicationAddress().isEmpty()) {
        transport.learn(
            new NodeId(member.getNodeId()),
            HostPort.parse(member.getReplicationAddress()).address());
      }
    }
    return ControlMapping.view(message);
  }

  /** Hands the one answer, or the lack of it, to the loop. */
  private class Answer<T> implements StreamObserver<T> {
    private final ControllerConnection connection;
    private final Consumer<T> good;
    private final Callback done;

    Answer(ControllerConnection connection, Consumer<T> good, Callback done) {
      this.connection = connection;
      this.good = good;
      this.done = done;
    }

    @Override
    public void onNext(T value) {
      loop.execute(() -> good.accept(value));
    }

    @Override
    public void onError(Throwable error) {
      Status status = Status.fromThrowable(error);
      if (ControllerClient.isSilence(status)) {
        connection.suspect();
      }
      loop.execute(() -> done.unknown(status.toString()));
    }

    @Override
    public void onCompleted() {}
  }

  private final class SwapAnswer extends Answer<CompareAndSetReply> {
    private final VolumeId volume;
    private final Callback done;

    SwapAnswer(ControllerConnection connection, VolumeId volume, Callback done) {
      super(
          connection,
          reply -> {
            VolumeView view = learn(reply.getVolume());
            if (reply.getSwapped()) {
              done.done(view);
            } else {
              done.refused(view);
            }
          },
          done);
      this.volume = volume;
      this.done = done;
    }

    /**
     * A change that the rules refuse has certainly not happened; what the record says now is read.
     */
    @Override
    public void onError(Throwable error) {
      if (Status.fromThrowable(error).getCode() == Status.Code.FAILED_PRECONDITION) {
        loop.execute(() -> readAfterRefusal());
      } else {
        super.onError(error);
      }
    }

    private void readAfterRefusal() {
      read(
          volume,
          new Callback() {
            @Override
            public void done(VolumeView view) {
              done.refused(view);
            }

            @Override
            public void refused(VolumeView view) {
              done.refused(view);
            }

            @Override
            public void unknown(String reason) {
              done.unknown(reason);
            }
          });
    }
  }
}
