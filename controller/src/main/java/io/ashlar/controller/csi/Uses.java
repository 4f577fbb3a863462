package io.ashlar.controller.csi;

import io.ashlar.controller.state.VolumeUse;
import io.ashlar.csi.v1.VolumeCapability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** CSI volume capabilities as uses of ours. */
final class Uses {
  static final String FS_TYPE_DEFAULT = "ext4";
  private static final Set<String> FS_TYPES = Set.of("ext4", "xfs");
  private static final int FLAGS_BYTES_MAX = 4096;

  private Uses() {}

  /** All must be possible, and together: a volume is a file system or a raw device. */
  static List<VolumeUse> require(List<VolumeCapability> capabilities) {
    if (capabilities.isEmpty()) {
      throw Requests.invalid("volume_capabilities are required");
    }
    List<VolumeUse> uses = new ArrayList<>();
    for (VolumeCapability capability : capabilities) {
      uses.add(require(capability));
    }
    if (uses.stream().map(VolumeUse::block).distinct().count() > 1) {
      throw Requests.invalid("a volume is used as block or as mount, not as both");
    }
    if (uses.stream().map(VolumeUse::fsType).distinct().count() > 1) {
      throw Requests.invalid("a volume has one file system, not several");
    }
    return uses;
  }

  static VolumeUse require(VolumeCapability capability) {
    unsupported(capability)
        .ifPresent(
            reason -> {
              throw Requests.invalid("%s", reason);
            });
    boolean block = capability.hasBlock();
    return new VolumeUse(
        block,
        block ? "" : fsType(capability.getMount()),
        capability.getAccessMode().getMode().name());
  }

  /** Why the driver cannot do this; empty if it can. */
  static Optional<String> unsupported(VolumeCapability capability) {
    if (!capability.hasBlock() && !capability.hasMount()) {
      return Optional.of("volume_capability needs an access_type, block or mount");
    }
    if (!capability.hasAccessMode()) {
      return Optional.of("volume_capability needs an access_mode");
    }
    Optional<String> mode = unsupported(capability.getAccessMode().getMode());
    return mode.isPresent() || capability.hasBlock() ? mode : unsupported(capability.getMount());
  }

  private static Optional<String> unsupported(VolumeCapability.AccessMode.Mode mode) {
    return switch (mode) {
      case SINGLE_NODE_WRITER,
          SINGLE_NODE_READER_ONLY,
          SINGLE_NODE_SINGLE_WRITER,
          SINGLE_NODE_MULTI_WRITER ->
          Optional.empty();
      case MULTI_NODE_READER_ONLY, MULTI_NODE_SINGLE_WRITER, MULTI_NODE_MULTI_WRITER ->
          Optional.of("access mode " + mode + " is not available yet: one node at a time");
      case UNKNOWN, UNRECOGNIZED -> Optional.of("volume_capability needs an access_mode");
    };
  }

  private static Optional<String> unsupported(VolumeCapability.MountVolume mount) {
    if (!FS_TYPES.contains(fsType(mount))) {
      return Optional.of(
          "file system '%s' is not supported: ext4 or xfs".formatted(mount.getFsType()));
    }
    if (!mount.getVolumeMountGroup().isEmpty()) {
      return Optional.of("volume_mount_group is not supported");
    }
    int flagBytes = mount.getMountFlagsList().stream().mapToInt(String::length).sum();
    return flagBytes > FLAGS_BYTES_MAX
        ? Optional.of("mount_flags have more than " + FLAGS_BYTES_MAX + " bytes")
        : Optional.empty();
  }

  private static String fsType(VolumeCapability.MountVolume mount) {
    return mount.getFsType().isEmpty() ? FS_TYPE_DEFAULT : mount.getFsType();
  }
}
