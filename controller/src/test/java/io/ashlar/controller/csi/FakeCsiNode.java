package io.ashlar.controller.csi;

import io.ashlar.csi.v1.NodeGetCapabilitiesRequest;
import io.ashlar.csi.v1.NodeGetCapabilitiesResponse;
import io.ashlar.csi.v1.NodeGetInfoRequest;
import io.ashlar.csi.v1.NodeGetInfoResponse;
import io.ashlar.csi.v1.NodeGrpc;
import io.ashlar.csi.v1.NodeUnpublishVolumeRequest;
import io.ashlar.csi.v1.NodeUnpublishVolumeResponse;
import io.grpc.stub.StreamObserver;

/** As much of CSI Node as csi-sanity asks for while it tests a controller. */
final class FakeCsiNode extends NodeGrpc.NodeImplBase {
  private final String nodeId;
  private final int maxVolumes;

  FakeCsiNode(String nodeId, int maxVolumes) {
    this.nodeId = nodeId;
    this.maxVolumes = maxVolumes;
  }

  @Override
  public void nodeGetCapabilities(
      NodeGetCapabilitiesRequest request, StreamObserver<NodeGetCapabilitiesResponse> observer) {
    observer.onNext(NodeGetCapabilitiesResponse.getDefaultInstance());
    observer.onCompleted();
  }

  /** The clean-up after each spec begins here. */
  @Override
  public void nodeUnpublishVolume(
      NodeUnpublishVolumeRequest request, StreamObserver<NodeUnpublishVolumeResponse> observer) {
    observer.onNext(NodeUnpublishVolumeResponse.getDefaultInstance());
    observer.onCompleted();
  }

  @Override
  public void nodeGetInfo(
      NodeGetInfoRequest request, StreamObserver<NodeGetInfoResponse> observer) {
    NodeGetInfoResponse.Builder info =
        NodeGetInfoResponse.newBuilder().setNodeId(nodeId).setMaxVolumesPerNode(maxVolumes);
    info.getAccessibleTopologyBuilder().putSegments("topology.ashlar.io/node", nodeId);
    observer.onNext(info.build());
    observer.onCompleted();
  }
}
