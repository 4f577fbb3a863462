package io.ashlar.controller.csi;

import io.ashlar.csi.v1.CapacityRange;
import io.ashlar.csi.v1.ControllerExpandVolumeRequest;
import io.ashlar.csi.v1.ControllerPublishVolumeRequest;
import io.ashlar.csi.v1.ControllerUnpublishVolumeRequest;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.DeleteVolumeRequest;
import io.ashlar.csi.v1.VolumeCapability;
import io.ashlar.csi.v1.VolumeCapability.AccessMode.Mode;

/** The requests that tests send, as sidecars send them. */
public final class CsiRequests {
  public static final long MIB = 1L << 20;

  private CsiRequests() {}

  public static VolumeCapability mount(String fsType) {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.newBuilder().setFsType(fsType))
        .setAccessMode(VolumeCapability.AccessMode.newBuilder().setMode(Mode.SINGLE_NODE_WRITER))
        .build();
  }

  public static VolumeCapability block() {
    return VolumeCapability.newBuilder()
        .setBlock(VolumeCapability.BlockVolume.getDefaultInstance())
        .setAccessMode(VolumeCapability.AccessMode.newBuilder().setMode(Mode.SINGLE_NODE_WRITER))
        .build();
  }

  public static CreateVolumeRequest.Builder volumeNamed(String name) {
    return CreateVolumeRequest.newBuilder()
        .setName(name)
        .addVolumeCapabilities(mount(""))
        .putParameters("ashlar.io/replicas", "2")
        .setCapacityRange(range(64 * MIB, 0));
  }

  public static CapacityRange range(long requiredBytes, long limitBytes) {
    return CapacityRange.newBuilder()
        .setRequiredBytes(requiredBytes)
        .setLimitBytes(limitBytes)
        .build();
  }

  public static DeleteVolumeRequest delete(String id) {
    return DeleteVolumeRequest.newBuilder().setVolumeId(id).build();
  }

  public static ControllerPublishVolumeRequest publish(String id, String node) {
    return ControllerPublishVolumeRequest.newBuilder()
        .setVolumeId(id)
        .setNodeId(node)
        .setVolumeCapability(mount(""))
        .build();
  }

  public static ControllerUnpublishVolumeRequest unpublish(String id, String node) {
    return ControllerUnpublishVolumeRequest.newBuilder().setVolumeId(id).setNodeId(node).build();
  }

  public static ControllerExpandVolumeRequest expand(String id, long requiredBytes) {
    return ControllerExpandVolumeRequest.newBuilder()
        .setVolumeId(id)
        .setCapacityRange(range(requiredBytes, 0))
        .build();
  }
}
