package io.ashlar.sanity.cluster;

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
import io.ashlar.csi.v1.Volume;
import io.ashlar.csi.v1.VolumeCapability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A volume on its way through CSI, as kubelet and the sidecars would lead it. */
public final class CsiVolume {
  public static final String BLOCK = "block";
  public static final String EXT4 = "ext4";
  public static final String XFS = "xfs";

  private final DevCluster cluster;
  private final CsiClient controller;
  private final Volume volume;
  private final VolumeCapability capability;
  private final Map<String, Map<String, String>> publishContexts = new HashMap<>();

  private CsiVolume(
      DevCluster cluster, CsiClient controller, Volume volume, VolumeCapability capability) {
    this.cluster = cluster;
    this.controller = controller;
    this.volume = volume;
    this.capability = capability;
  }

  /** Provisions a volume, to be used as {@link #BLOCK} device or with a file system. */
  public static CsiVolume create(
      DevCluster cluster, String name, long sizeBytes, int replicas, String use)
      throws InterruptedException {
    return create(cluster, name, sizeBytes, replicas, use, Map.of());
  }

  /** The same with more parameters, as a StorageClass would have them. */
  static CsiVolume create(
      DevCluster cluster,
      String name,
      long sizeBytes,
      int replicas,
      String use,
      Map<String, String> parameters)
      throws InterruptedException {
    CsiClient controller = new CsiClient(cluster.socket("controller"));
    VolumeCapability capability = capability(use);
    CreateVolumeRequest request =
        CreateVolumeRequest.newBuilder()
            .setName(name)
            .setCapacityRange(CapacityRange.newBuilder().setRequiredBytes(sizeBytes))
            .addVolumeCapabilities(capability)
            .putAllParameters(parameters)
            .putParameters("ashlar.io/replicas", Integer.toString(replicas))
            .build();
    Volume made = controller.call(ControllerGrpc.getCreateVolumeMethod(), request).getVolume();
    return new CsiVolume(cluster, controller, made, capability);
  }

  private static VolumeCapability capability(String use) {
    VolumeCapability.Builder capability =
        VolumeCapability.newBuilder()
            .setAccessMode(
                VolumeCapability.AccessMode.newBuilder()
                    .setMode(VolumeCapability.AccessMode.Mode.SINGLE_NODE_WRITER));
    if (use.equals(BLOCK)) {
      capability.setBlock(VolumeCapability.BlockVolume.getDefaultInstance());
    } else {
      capability.setMount(VolumeCapability.MountVolume.newBuilder().setFsType(use));
    }
    return capability.build();
  }

  public String id() {
    return volume.getVolumeId();
  }

  /** Where a pod on the node would see the file system, or the device. */
  public Path target(String node) {
    return cluster.folder(node).resolve("pods").resolve(id()).resolve("target");
  }

  private Path staging(String node) {
    return cluster.folder(node).resolve("pods").resolve(id()).resolve("staging");
  }

  /** Gives the volume to a node. */
  public void attach(String node) throws InterruptedException {
    ControllerPublishVolumeRequest request =
        ControllerPublishVolumeRequest.newBuilder()
            .setVolumeId(id())
            .setNodeId(node)
            .setVolumeCapability(capability)
            .putAllVolumeContext(volume.getVolumeContextMap())
            .build();
    publishContexts.put(
        node,
        controller
            .call(ControllerGrpc.getControllerPublishVolumeMethod(), request)
            .getPublishContextMap());
  }

  /** Takes it away from a node, by a fence if that one does not answer. */
  public void detach(String node) throws InterruptedException {
    ControllerUnpublishVolumeRequest request =
        ControllerUnpublishVolumeRequest.newBuilder().setVolumeId(id()).setNodeId(node).build();
    var _ = controller.call(ControllerGrpc.getControllerUnpublishVolumeMethod(), request);
  }

  /** Makes the device and mounts it, where the node's pods would find it. */
  public void mount(String node) throws IOException, InterruptedException {
    Files.createDirectories(staging(node));
    CsiClient client = new CsiClient(cluster.socket(node));
    NodeStageVolumeRequest stage =
        NodeStageVolumeRequest.newBuilder()
            .setVolumeId(id())
            .setStagingTargetPath(staging(node).toString())
            .setVolumeCapability(capability)
            .putAllPublishContext(publishContexts.get(node))
            .putAllVolumeContext(volume.getVolumeContextMap())
            .build();
    var _ = client.call(NodeGrpc.getNodeStageVolumeMethod(), stage);
    NodePublishVolumeRequest publish =
        NodePublishVolumeRequest.newBuilder()
            .setVolumeId(id())
            .setStagingTargetPath(staging(node).toString())
            .setTargetPath(target(node).toString())
            .setVolumeCapability(capability)
            .putAllPublishContext(publishContexts.get(node))
            .putAllVolumeContext(volume.getVolumeContextMap())
            .build();
    var _ = client.call(NodeGrpc.getNodePublishVolumeMethod(), publish);
  }

  public void unmount(String node) throws InterruptedException {
    CsiClient client = new CsiClient(cluster.socket(node));
    NodeUnpublishVolumeRequest unpublish =
        NodeUnpublishVolumeRequest.newBuilder()
            .setVolumeId(id())
            .setTargetPath(target(node).toString())
            .build();
    var _ = client.call(NodeGrpc.getNodeUnpublishVolumeMethod(), unpublish);
    NodeUnstageVolumeRequest unstage =
        NodeUnstageVolumeRequest.newBuilder()
            .setVolumeId(id())
            .setStagingTargetPath(staging(node).toString())
            .build();
    var _ = client.call(NodeGrpc.getNodeUnstageVolumeMethod(), unstage);
  }

  public void delete() throws InterruptedException {
    DeleteVolumeRequest request = DeleteVolumeRequest.newBuilder().setVolumeId(id()).build();
    var _ = controller.call(ControllerGrpc.getDeleteVolumeMethod(), request);
  }
}
