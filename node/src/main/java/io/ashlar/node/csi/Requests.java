package io.ashlar.node.csi;

import io.ashlar.csi.v1.VolumeCapability;
import io.ashlar.csi.v1.VolumeCapability.AccessMode;
import io.ashlar.model.VolumeId;
import io.ashlar.node.csi.RefusedException.Kind;
import io.ashlar.node.mount.FileSystemKind;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The checks that come before any look-up; required fields first. Pure. */
final class Requests {
  private static final int FLAGS_BYTES_MAX = 4096;
  private static final int PATH_BYTES_MAX = 4095;

  private Requests() {}

  static void requireVolumeId(String id) {
    if (id.isEmpty()) {
      throw new RefusedException(Kind.INVALID, "volume_id is required");
    }
  }

  /** The id in our form; empty for ids that never were ours. */
  static Optional<VolumeId> volumeId(String id) {
    try {
      return Optional.of(new VolumeId(id));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }

  static VolumeId existing(String id) {
    return volumeId(id)
        .orElseThrow(() -> new RefusedException(Kind.NOT_FOUND, "volume '%s' does not exist", id));
  }

  /** Relative paths are taken, too: csi-sanity asks with one and wants NOT_FOUND. */
  static Path requirePath(String field, String path) {
    if (path.isEmpty()) {
      throw new RefusedException(Kind.INVALID, "%s is required", field);
    }
    if (path.length() > PATH_BYTES_MAX) {
      throw new RefusedException(Kind.INVALID, "%s is longer than any path", field);
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException bad) {
      throw new RefusedException(Kind.INVALID, "%s: %s", field, bad.getMessage());
    }
  }

  /** The form of a capability; whether we can do it says {@link #use}. */
  static void requireCapability(boolean present, VolumeCapability capability) {
    if (!present) {
      throw new RefusedException(Kind.INVALID, "volume_capability is required");
    }
    if (!capability.hasBlock() && !capability.hasMount()) {
      throw new RefusedException(
          Kind.INVALID, "volume_capability needs an access_type, block or mount");
    }
    AccessMode.Mode mode = capability.getAccessMode().getMode();
    if (mode == AccessMode.Mode.UNKNOWN || mode == AccessMode.Mode.UNRECOGNIZED) {
      throw new RefusedException(Kind.INVALID, "volume_capability needs an access_mode");
    }
    if (capability.getMount().getMountFlagsList().stream().mapToInt(String::length).sum()
        > FLAGS_BYTES_MAX) {
      throw new RefusedException(
          Kind.INVALID, "mount_flags have more than %d bytes", FLAGS_BYTES_MAX);
    }
  }

  /** How the volume is to be used; FAILED_PRECONDITION says the specification if we cannot. */
  static VolumeUse use(VolumeCapability capability, FileSystemKind defaultKind) {
    AccessMode.Mode mode = capability.getAccessMode().getMode();
    if (capability.hasBlock()) {
      return new VolumeUse(true, FileSystemKind.DEFAULT, List.of(), mode, false);
    }
    VolumeCapability.MountVolume mount = capability.getMount();
    if (!mount.getVolumeMountGroup().isEmpty()) {
      throw new RefusedException(Kind.WRONG_STATE, "volume_mount_group is not supported");
    }
    Optional<FileSystemKind> kind =
        mount.getFsType().isEmpty()
            ? Optional.of(defaultKind)
            : FileSystemKind.named(mount.getFsType());
    return new VolumeUse(
        false,
        kind.orElseThrow(
            () ->
                new RefusedException(
                    Kind.WRONG_STATE,
                    "file system '%s' is not supported: ext4 or xfs",
                    mount.getFsType())),
        mount.getMountFlagsList(),
        mode,
        false);
  }
}
