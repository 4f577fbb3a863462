package io.ashlar.sanity.csi;

import io.ashlar.csi.v1.CapacityRange;
import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.ControllerPublishVolumeRequest;
import io.ashlar.csi.v1.ControllerUnpublishVolumeRequest;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.DeleteVolumeRequest;
import io.ashlar.csi.v1.NodeGrpc;
import io.ashlar.csi.v1.NodePublishVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeUnpublishVolumeRequest;
import io.ashlar.csi.v1.NodeUnstageVolumeRequest;
import io.ashlar.csi.v1.VolumeCapability;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The calls that an orchestrator makes, on one CSI socket. Blocking; any thread. */
public final class CsiClient implements AutoCloseable {
  private static final long CALL_SECONDS = 120;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;

  public CsiClient(Path socket) {
    channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
  }

  private ControllerGrpc.ControllerBlockingStub controller() {
    return ControllerGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  private NodeGrpc.NodeBlockingStub node() {
    return NodeGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * A volume with a file system, for one node at a time; an empty type asks for a raw block device.
   */
  public static VolumeCapability capability(String fsType) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getAccessModeBuilder().setMode(VolumeCapability.AccessMode.Mode.SINGLE_NODE_WRITER);
    if (fsType.isEmpty()) {
      capability.setBlock(VolumeCapability.BlockVolume.getDefaultInstance());
    } else {
      capability.getMountBuilder().setFsType(fsType);
    }
    return capability.build();
  }

  /** Returns the volume's id. */
  public String create(
      String name, long sizeBytes, VolumeCapability capability, Map<String, String> parameters) {
    return controller()
        .createVolume(
            CreateVolumeRequest.newBuilder()
                .setName(name)
                .setCapacityRange(CapacityRange.newBuilder().setRequiredBytes(sizeBytes))
                .addVolumeCapabilities(capability)
                .putAllParameters(parameters)
                .build())
        .getVolume()
        .getVolumeId();
  }

  public void delete(String volumeId) {
    var _ =
        controller().deleteVolume(DeleteVolumeRequest.newBuilder().setVolumeId(volumeId).build());
  }

  /** Returns the publish context. */
  public Map<String, String> publishTo(
      String volumeId, String nodeId, VolumeCapability capability) {
    return controller()
        .controllerPublishVolume(
            ControllerPublishVolumeRequest.newBuilder()
                .setVolumeId(volumeId)
                .setNodeId(nodeId)
                .setVolumeCapability(capability)
                .build())
        .getPublishContextMap();
  }

  public void unpublishFrom(String volumeId, String nodeId) {
    var _ =
        controller()
            .controllerUnpublishVolume(
                ControllerUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(volumeId)
                    .setNodeId(nodeId)
                    .build());
  }

  public void stage(
      String volumeId, Path staging, VolumeCapability capability, Map<String, String> context) {
    var _ =
        node()
            .nodeStageVolume(
                NodeStageVolumeRequest.newBuilder()
                    .setVolumeId(volumeId)
                    .setStagingTargetPath(staging.toString())
                    .setVolumeCapability(capability)
                    .putAllPublishContext(context)
                    .build());
  }

  public void publish(
      String volumeId,
      Path staging,
      Path target,
      VolumeCapability capability,
      Map<String, String> context) {
    var _ =
        node()
            .nodePublishVolume(
                NodePublishVolumeRequest.newBuilder()
                    .setVolumeId(volumeId)
                    .setStagingTargetPath(staging.toString())
                    .setTargetPath(target.toString())
                    .setVolumeCapability(capability)
                    .putAllPublishContext(context)
                    .build());
  }

  public void unpublish(String volumeId, Path target) {
    var _ =
        node()
            .nodeUnpublishVolume(
                NodeUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(volumeId)
                    .setTargetPath(target.toString())
                    .build());
  }

  public void unstage(String volumeId, Path staging) {
    var _ =
        node()
            .nodeUnstageVolume(
                NodeUnstageVolumeRequest.newBuilder()
                    .setVolumeId(volumeId)
                    .setStagingTargetPath(staging.toString())
                    .build());
  }

  @Override
  public void close() {
    channel.shutdownNow();
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
