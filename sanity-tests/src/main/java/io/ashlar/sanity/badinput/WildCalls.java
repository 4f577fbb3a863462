package io.ashlar.sanity.badinput;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.ashlar.control.v1.AddDiskRequest;
import io.ashlar.control.v1.CompareAndSetRequest;
import io.ashlar.control.v1.CoordinatorRef;
import io.ashlar.control.v1.CreateReplicaRequest;
import io.ashlar.control.v1.DrainDiskRequest;
import io.ashlar.control.v1.FenceRequest;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.HeartbeatRequest;
import io.ashlar.control.v1.ListDisksRequest;
import io.ashlar.control.v1.ListReplicasRequest;
import io.ashlar.control.v1.Membership;
import io.ashlar.control.v1.OpenCoordinatorRequest;
import io.ashlar.control.v1.Pool;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.control.v1.RemoveDiskRequest;
import io.ashlar.control.v1.ResizeRequest;
import io.ashlar.control.v1.View;
import io.ashlar.control.v1.VolumeStatusRequest;
import io.ashlar.csi.v1.CapacityRange;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.NodeGetVolumeStatsRequest;
import io.ashlar.csi.v1.NodePublishVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeUnstageVolumeRequest;
import io.ashlar.csi.v1.VolumeCapability;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A gRPC client that sends any bytes to any method, and requests worth sending. */
final class WildCalls implements AutoCloseable {
  private static final long CALL_SECONDS = 10;
  private static final String WORD = "../../etc\nevent=forged \u0000";

  /** A method, as {@code package.Service/Method}, and a request for it. */
  record Call(String method, byte[] request) {
    static Call of(String method, Message request) {
      return new Call(method, request.toByteArray());
    }

    String path() {
      return "/" + method;
    }
  }

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;

  WildCalls(SocketAddress address) {
    channel =
        NettyChannelBuilder.forAddress(address)
            .channelType(
                address instanceof UnixDomainSocketAddress
                    ? NioDomainSocketChannel.class
                    : NioSocketChannel.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  /** The status of the answer, in words. */
  String call(String method, byte[] request) {
    MethodDescriptor<byte[], byte[]> descriptor =
        MethodDescriptor.newBuilder(BYTES, BYTES)
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(method)
            .build();
    try {
      var _ =
          ClientCalls.blockingUnaryCall(
              channel,
              descriptor,
              CallOptions.DEFAULT.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS),
              request);
      return "OK";
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode() + " " + e.getStatus().getDescription();
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private static Call control(String method, Message request) {
    return Call.of("ashlar.control.v1." + method, request);
  }

  private static Call csi(String method, Message request) {
    return Call.of("csi.v1." + method, request);
  }

  /** What nodes ask of the controller. */
  static List<Call> ofControl() {
    Membership members =
        Membership.newBuilder()
            .setEpoch(-1)
            .setGeneration(-1)
            .addMembers(io.ashlar.control.v1.Member.newBuilder().setNodeId(WORD).setStateValue(77))
            .build();
    RegisterRequest node =
        RegisterRequest.newBuilder()
            .setNodeId("bad-input")
            .setAgentAddress("10.77.0.250:7433")
            .setReplicationAddress("10.77.0.250:7434")
            .build();
    return List.of(
        control("Volumes/Get", GetVolumeRequest.newBuilder().setVolumeId("none").build()),
        control("Volumes/Get", GetVolumeRequest.newBuilder().setVolumeId(WORD).build()),
        control("Nodes/Heartbeat", HeartbeatRequest.newBuilder().setNodeId(WORD).build()),
        control("Nodes/Register", node.toBuilder().setNodeId(WORD).build()),
        control("Nodes/Register", node.toBuilder().setReplicationAddress(WORD).build()),
        control("Nodes/Register", node.toBuilder().setReplicationAddress("a:99999").build()),
        control("Nodes/Register", node.toBuilder().setAgentAddress("nothing").build()),
        control(
            "Nodes/Register",
            node.toBuilder().addPools(Pool.newBuilder().setName(WORD).setFreeBytes(-1)).build()),
        control(
            "Volumes/CompareAndSet",
            CompareAndSetRequest.newBuilder()
                .setVolumeId("none")
                .setExpectedRevision(-1)
                .setCaller(CoordinatorRef.newBuilder().setNodeId(WORD))
                .setMembership(members)
                .build()));
  }

  /** What the controller asks of nodes. */
  static List<Call> ofAgent(String volume) {
    View crowd = View.newBuilder().addAllInSync(Collections.nCopies(10_000, 7L)).build();
    CreateReplicaRequest create =
        CreateReplicaRequest.newBuilder()
            .setVolumeId("bad-input")
            .setReplica(1)
            .setIncarnation(1)
            .setSizeBytes(1 << 20)
            .build();
    return List.of(
        control("NodeAgent/ListReplicas", ListReplicasRequest.getDefaultInstance()),
        control("NodeAgent/CreateReplica", create.toBuilder().setVolumeId(WORD).build()),
        control("NodeAgent/CreateReplica", create.toBuilder().setSizeBytes(-1).build()),
        control("NodeAgent/CreateReplica", create.toBuilder().setSizeBytes(0).build()),
        control("NodeAgent/CreateReplica", create.toBuilder().setSizeBytes(1L << 62).build()),
        control("NodeAgent/CreateReplica", create.toBuilder().setView(crowd).build()),
        control(
            "NodeAgent/CreateReplica",
            create.toBuilder().setView(View.newBuilder().setEpoch(-1)).build()),
        control(
            "NodeAgent/Fence",
            FenceRequest.newBuilder().setVolumeId(volume).setReplica(77).setView(crowd).build()),
        control(
            "NodeAgent/Resize",
            ResizeRequest.newBuilder().setVolumeId(volume).setSizeBytes(-1).build()),
        control(
            "NodeAgent/Resize",
            ResizeRequest.newBuilder().setVolumeId(volume).setSizeBytes(Long.MAX_VALUE).build()),
        control(
            "NodeAgent/OpenCoordinator",
            OpenCoordinatorRequest.newBuilder().setVolumeId("none").build()),
        control(
            "NodeAgent/VolumeStatus", VolumeStatusRequest.newBuilder().setVolumeId(WORD).build()));
  }

  /** What operators ask of a node; nothing of it may be carried out. */
  static List<Call> ofDisks(Path disk) {
    AddDiskRequest none =
        AddDiskRequest.newBuilder().setPath("/none/disk").setFileBytes(1 << 30).build();
    return List.of(
        control("Disks/List", ListDisksRequest.getDefaultInstance()),
        control("Disks/Add", AddDiskRequest.getDefaultInstance()),
        control("Disks/Add", none.toBuilder().setPath(WORD).build()),
        control("Disks/Add", none.toBuilder().setPath("none").build()),
        control("Disks/Add", none.toBuilder().setPath("/" + "p".repeat(1 << 20)).build()),
        control("Disks/Add", none.toBuilder().setFileBytes(0).build()),
        control("Disks/Add", none.toBuilder().setFileBytes(-1).build()),
        control("Disks/Add", none.toBuilder().setFileBytes(1L << 62).build()),
        control("Disks/Add", none.toBuilder().setPath("/proc/self/mem").setErase(true).build()),
        control("Disks/Add", none.toBuilder().setPath("/dev/null").setErase(true).build()),
        control("Disks/Add", none.toBuilder().setPath("/dev").setErase(true).build()),
        control("Disks/Add", none.toBuilder().setPath(disk.toString()).setErase(true).build()),
        control("Disks/Drain", DrainDiskRequest.newBuilder().setDiskId(WORD).build()),
        control("Disks/Drain", DrainDiskRequest.newBuilder().setDiskId("0".repeat(16)).build()),
        control("Disks/Remove", RemoveDiskRequest.newBuilder().setDiskId("-1").build()),
        control("Disks/Remove", RemoveDiskRequest.newBuilder().setDiskId("f".repeat(16)).build()));
  }

  /** The CSI Controller's methods. */
  static List<Call> ofCsiController() {
    CreateVolumeRequest create =
        CreateVolumeRequest.newBuilder()
            .setName("bad-input")
            .addVolumeCapabilities(capability())
            .build();
    CapacityRange range = CapacityRange.newBuilder().setRequiredBytes(-1).build();
    return List.of(
        csi("Identity/Probe", io.ashlar.csi.v1.ProbeRequest.getDefaultInstance()),
        csi("Controller/CreateVolume", create.toBuilder().setCapacityRange(range).build()),
        csi(
            "Controller/CreateVolume",
            create.toBuilder()
                .setCapacityRange(range.toBuilder().setRequiredBytes(Long.MAX_VALUE))
                .build()),
        csi("Controller/CreateVolume", create.toBuilder().setName("n".repeat(3 << 20)).build()),
        csi(
            "Controller/CreateVolume",
            create.toBuilder().putParameters("ashlar.io/replicas", "-9999999999").build()));
  }

  /** The CSI Node's methods. */
  static List<Call> ofCsiNode() {
    return List.of(
        csi("Identity/Probe", io.ashlar.csi.v1.ProbeRequest.getDefaultInstance()),
        csi(
            "Node/NodeStageVolume",
            NodeStageVolumeRequest.newBuilder()
                .setVolumeId(WORD)
                .setStagingTargetPath(WORD)
                .setVolumeCapability(capability())
                .build()),
        csi(
            "Node/NodePublishVolume",
            NodePublishVolumeRequest.newBuilder()
                .setVolumeId("none")
                .setTargetPath("/" + "p".repeat(1 << 20))
                .setVolumeCapability(capability())
                .build()),
        csi(
            "Node/NodeUnstageVolume",
            NodeUnstageVolumeRequest.newBuilder()
                .setVolumeId("none")
                .setStagingTargetPath("/none")
                .build()),
        csi(
            "Node/NodeGetVolumeStats",
            NodeGetVolumeStatsRequest.newBuilder()
                .setVolumeIdBytes(ByteString.copyFromUtf8("none"))
                .setVolumePath("/proc/self/mem")
                .build()));
  }

  private static VolumeCapability capability() {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.newBuilder().setFsType("ext4"))
        .setAccessMode(
            VolumeCapability.AccessMode.newBuilder()
                .setMode(VolumeCapability.AccessMode.Mode.SINGLE_NODE_WRITER))
        .build();
  }
}
