package io.ashlar.node.csi;

import com.google.protobuf.Message;
import io.ashlar.csi.v1.NodeExpandVolumeRequest;
import io.ashlar.csi.v1.NodeExpandVolumeResponse;
import io.ashlar.csi.v1.NodeGetCapabilitiesRequest;
import io.ashlar.csi.v1.NodeGetCapabilitiesResponse;
import io.ashlar.csi.v1.NodeGetInfoRequest;
import io.ashlar.csi.v1.NodeGetInfoResponse;
import io.ashlar.csi.v1.NodeGetVolumeStatsRequest;
import io.ashlar.csi.v1.NodeGetVolumeStatsResponse;
import io.ashlar.csi.v1.NodeGrpc;
import io.ashlar.csi.v1.NodePublishVolumeRequest;
import io.ashlar.csi.v1.NodePublishVolumeResponse;
import io.ashlar.csi.v1.NodeServiceCapability;
import io.ashlar.csi.v1.NodeServiceCapability.RPC;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeResponse;
import io.ashlar.csi.v1.NodeUnpublishVolumeRequest;
import io.ashlar.csi.v1.NodeUnpublishVolumeResponse;
import io.ashlar.csi.v1.NodeUnstageVolumeRequest;
import io.ashlar.csi.v1.NodeUnstageVolumeResponse;
import io.ashlar.csi.v1.Topology;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.mount.FileSystems;
import io.ashlar.node.mount.Mounter;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;

/**
 * CSI Node. Each method checks the fields, then runs or joins the operation; failures are thrown
 * and mapped by the server's interceptor with {@link StatusMapper}.
 */
public final class NodeService extends NodeGrpc.NodeImplBase implements AutoCloseable {
  private static final Duration MOUNT_LIMIT = Duration.ofSeconds(90);
  private static final Duration TOOL_LIMIT = Duration.ofMinutes(10);
  private static final List<RPC.Type> CAPABILITIES =
      List.of(
          RPC.Type.STAGE_UNSTAGE_VOLUME,
          RPC.Type.GET_VOLUME_STATS,
          RPC.Type.EXPAND_VOLUME,
          RPC.Type.SINGLE_NODE_MULTI_WRITER);

  private final CsiNodeOptions options;
  private final Staging staging;
  private final Publishing publishing;
  private final Measuring measuring;
  private final VolumeTasks tasks;

  public NodeService(CsiNodeOptions options, VolumeAttacher attacher) {
    NodeMounts mounts = new NodeMounts(options.deviceDir());
    Mounter mounter = new Mounter(MOUNT_LIMIT);
    FileSystems fileSystems = new FileSystems(TOOL_LIMIT);
    this.options = options;
    this.staging = new Staging(attacher, mounts, mounter, fileSystems, options.fileSystem());
    this.publishing = new Publishing(attacher, mounts, mounter, options.fileSystem());
    this.measuring = new Measuring(attacher, mounts, fileSystems);
    this.tasks = new VolumeTasks(options.longestWait());
  }

  /** Runs or joins the operation and answers. */
  private <T extends Message> void answer(
      String volumeId,
      Message request,
      Class<T> type,
      StreamObserver<T> observer,
      VolumeTasks.Task<T> task) {
    try {
      observer.onNext(tasks.run(volumeId, request, type, task));
      observer.onCompleted();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public void nodeStageVolume(
      NodeStageVolumeRequest request, StreamObserver<NodeStageVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("staging_target_path", request.getStagingTargetPath());
    Requests.requireCapability(request.hasVolumeCapability(), request.getVolumeCapability());
    answer(
        request.getVolumeId(),
        request.toBuilder().clearSecrets().build(),
        NodeStageVolumeResponse.class,
        observer,
        () -> {
          staging.stage(request);
          return NodeStageVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeUnstageVolume(
      NodeUnstageVolumeRequest request, StreamObserver<NodeUnstageVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("staging_target_path", request.getStagingTargetPath());
    answer(
        request.getVolumeId(),
        request,
        NodeUnstageVolumeResponse.class,
        observer,
        () -> {
          staging.unstage(request);
          return NodeUnstageVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodePublishVolume(
      NodePublishVolumeRequest request, StreamObserver<NodePublishVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("target_path", request.getTargetPath());
    Requests.requireCapability(request.hasVolumeCapability(), request.getVolumeCapability());
    answer(
        request.getVolumeId(),
        request.toBuilder().clearSecrets().build(),
        NodePublishVolumeResponse.class,
        observer,
        () -> {
          publishing.publish(request);
          return NodePublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeUnpublishVolume(
      NodeUnpublishVolumeRequest request, StreamObserver<NodeUnpublishVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("target_path", request.getTargetPath());
    answer(
        request.getVolumeId(),
        request,
        NodeUnpublishVolumeResponse.class,
        observer,
        () -> {
          publishing.unpublish(request);
          return NodeUnpublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeGetVolumeStats(
      NodeGetVolumeStatsRequest request, StreamObserver<NodeGetVolumeStatsResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("volume_path", request.getVolumePath());
    answer(
        request.getVolumeId(),
        request,
        NodeGetVolumeStatsResponse.class,
        observer,
        () -> measuring.stats(request));
  }

  @Override
  public void nodeExpandVolume(
      NodeExpandVolumeRequest request, StreamObserver<NodeExpandVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requirePath("volume_path", request.getVolumePath());
    answer(
        request.getVolumeId(),
        request.toBuilder().clearSecrets().build(),
        NodeExpandVolumeResponse.class,
        observer,
        () -> measuring.expand(request));
  }

  @Override
  public void nodeGetCapabilities(
      NodeGetCapabilitiesRequest request, StreamObserver<NodeGetCapabilitiesResponse> observer) {
    NodeGetCapabilitiesResponse.Builder response = NodeGetCapabilitiesResponse.newBuilder();
    CAPABILITIES.forEach(
        type ->
            response.addCapabilities(
                NodeServiceCapability.newBuilder().setRpc(RPC.newBuilder().setType(type))));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void nodeGetInfo(
      NodeGetInfoRequest request, StreamObserver<NodeGetInfoResponse> observer) {
    observer.onNext(
        NodeGetInfoResponse.newBuilder()
            .setNodeId(options.node().value())
            .setMaxVolumesPerNode(options.maxVolumes())
            .setAccessibleTopology(
                Topology.newBuilder()
                    .putAllSegments(options.topology())
                    .putSegments(CsiNodeOptions.NODE_KEY, options.node().value()))
            .build());
    observer.onCompleted();
  }

  @Override
  public void close() {
    tasks.close();
  }
}
