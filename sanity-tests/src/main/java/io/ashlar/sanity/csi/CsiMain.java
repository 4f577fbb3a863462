package io.ashlar.sanity.csi;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.csi.v1.NodeGrpc;
import io.ashlar.sanity.cluster.CsiClient;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;

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
      System.out.print(new CsiClient(Path.of(arguments[0])).call(method, request.build()));
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
}
