package io.ashlar.sanity.csi;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.csi.v1.NodeGrpc;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * {@code CsiMain SOCKET METHOD TEXT}: calls a CSI method with a request in protobuf's text format
 * and prints the answer in the same. Repeats what Kubernetes' sidecars repeat. Ends with 0, or with
 * 1 and the status on standard error, or with 2 for wrong usage.
 */
public final class CsiMain {
  private static final List<ServiceDescriptor> SERVICES =
      List.of(
          IdentityGrpc.getServiceDescriptor(),
          ControllerGrpc.getServiceDescriptor(),
          NodeGrpc.getServiceDescriptor());
  private static final Set<Status.Code> REPEATED =
      Set.of(Status.Code.ABORTED, Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);
  private static final long TRY_SECONDS = 30;
  private static final long ALL_TRIES_SECONDS = 90;
  private static final long PAUSE_MILLIS = 250;

  private CsiMain() {}

  public static void main(String[] arguments)
      throws TextFormat.ParseException, InterruptedException {
    if (arguments.length != 3) {
      System.err.println("usage: CsiMain SOCKET METHOD TEXT");
      System.exit(2);
    }
    MethodDescriptor<Message, Message> method = method(arguments[1]);
    PrototypeMarshaller<Message> requests =
        (PrototypeMarshaller<Message>) method.getRequestMarshaller();
    Message.Builder request = requests.getMessagePrototype().newBuilderForType();
    TextFormat.merge(arguments[2], request);
    try {
      System.out.print(call(arguments[0], method, request.build()));
    } catch (StatusRuntimeException e) {
      System.err.println(arguments[1] + ": " + e.getStatus());
      System.exit(1);
    }
  }

  @SuppressWarnings("unchecked") // generated services have messages only
  private static MethodDescriptor<Message, Message> method(String name) {
    return SERVICES.stream()
        .flatMap(service -> service.getMethods().stream())
        .filter(method -> name.equals(method.getBareMethodName()))
        .map(method -> (MethodDescriptor<Message, Message>) method)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("CSI has no method " + name));
  }

  private static Message call(
      String socket, MethodDescriptor<Message, Message> method, Message request)
      throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ALL_TRIES_SECONDS);
    while (true) {
      try {
        return once(socket, method, request);
      } catch (StatusRuntimeException e) {
        if (!REPEATED.contains(e.getStatus().getCode()) || System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }

  private static Message once(
      String socket, MethodDescriptor<Message, Message> method, Message request) {
    var loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(TRY_SECONDS, TimeUnit.SECONDS);
      return ClientCalls.blockingUnaryCall(channel, method, options, request);
    } finally {
      channel.shutdownNow();
      var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
