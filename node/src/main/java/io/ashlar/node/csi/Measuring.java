package io.ashlar.node.csi;

import io.ashlar.csi.v1.NodeExpandVolumeRequest;
import io.ashlar.csi.v1.NodeExpandVolumeResponse;
import io.ashlar.csi.v1.NodeGetVolumeStatsRequest;
import io.ashlar.csi.v1.NodeGetVolumeStatsResponse;
import io.ashlar.csi.v1.VolumeUsage;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.AttachedVolume;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.csi.RefusedException.Kind;
import io.ashlar.node.mount.CommandException;
import io.ashlar.node.mount.FileSystemKind;
import io.ashlar.node.mount.FileSystems;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.PathState;
import io.ashlar.node.mount.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** How large a volume is, and how it grows, seen at one of its paths. */
final class Measuring {
  private static final Duration STAT_LIMIT = Duration.ofSeconds(20);
  private static final String NEEDS_CAPABILITY = "Permission denied to resize";

  private final VolumeAttacher attacher;
  private final NodeMounts mounts;
  private final FileSystems fileSystems;

  Measuring(VolumeAttacher attacher, NodeMounts mounts, FileSystems fileSystems) {
    this.attacher = attacher;
    this.mounts = mounts;
    this.fileSystems = fileSystems;
  }

  NodeGetVolumeStatsResponse stats(NodeGetVolumeStatsRequest request) throws IOException {
    VolumeId volume = Requests.existing(request.getVolumeId());
    attacher.view(volume);
    Path path = Path.of(request.getVolumePath());
    MountEntry entry = mountAt(volume, path);
    NodeGetVolumeStatsResponse.Builder response = NodeGetVolumeStatsResponse.newBuilder();
    if (mounts.isNode(volume, entry)) {
      long total = attached(volume).sizeBytes();
      return response.addUsage(usage(VolumeUsage.Unit.BYTES).setTotal(total)).build();
    }
    Usage usage = Usage.of(STAT_LIMIT, path);
    return response
        .addUsage(
            usage(VolumeUsage.Unit.BYTES)
                .setTotal(usage.totalBytes())
                .setUsed(usage.usedBytes())
                .setAvailable(usage.availableBytes()))
        .addUsage(
            usage(VolumeUsage.Unit.INODES)
                .setTotal(usage.inodes())
                .setUsed(usage.usedInodes())
                .setAvailable(usage.freeInodes()))
        .build();
  }

  private static VolumeUsage.Builder usage(VolumeUsage.Unit unit) {
    return VolumeUsage.newBuilder().setUnit(unit);
  }

  private AttachedVolume attached(VolumeId volume) {
    return attacher
        .find(volume)
        .orElseThrow(
            () ->
                new RefusedException(
                    Kind.UNREACHABLE, "the device of volume %s is not back yet", volume));
  }

  /** The volume's mount at this path; a dead one is no better than none. */
  private MountEntry mountAt(VolumeId volume, Path path) throws IOException {
    PathState state = PathState.of(STAT_LIMIT, path);
    Optional<MountEntry> there = MountTable.read().at(path);
    boolean found =
        state != PathState.MISSING
            && state != PathState.CORRUPTED
            && there.isPresent()
            && mounts.isOf(volume, there.get());
    if (!found) {
      throw new RefusedException(
          Kind.NOT_FOUND, "volume %s is not at %s (%s)", volume, path, state);
    }
    return there.get();
  }

  NodeExpandVolumeResponse expand(NodeExpandVolumeRequest request) throws IOException {
    VolumeId volume = Requests.existing(request.getVolumeId());
    attacher.view(volume);
    Path path = Path.of(request.getVolumePath());
    MountEntry entry = mountAt(volume, path);
    AttachedVolume grown = attacher.resize(volume);
    requireRange(request, grown.sizeBytes());
    if (!mounts.isNode(volume, entry) && !entry.isFileSystemReadOnly()) {
      growFileSystem(volume, entry, grown, path);
    }
    return NodeExpandVolumeResponse.newBuilder().setCapacityBytes(grown.sizeBytes()).build();
  }

  private static void requireRange(NodeExpandVolumeRequest request, long sizeBytes) {
    long required = request.getCapacityRange().getRequiredBytes();
    long limit = request.getCapacityRange().getLimitBytes();
    if (limit > 0 && sizeBytes > limit) {
      throw new RefusedException(
          Kind.SIZE, "the volume has %d bytes, more than limit_bytes %d", sizeBytes, limit);
    }
    if (required > sizeBytes) {
      throw new RefusedException(
          Kind.UNREACHABLE,
          "the volume has %d bytes yet, %d are required: it has to be expanded at the controller",
          sizeBytes,
          required);
    }
  }

  private void growFileSystem(VolumeId volume, MountEntry entry, AttachedVolume attached, Path path)
      throws IOException {
    FileSystemKind kind =
        FileSystemKind.named(entry.fsType())
            .orElseThrow(
                () -> new RefusedException(Kind.WRONG_STATE, "%s cannot be grown", entry.fsType()));
    try {
      fileSystems.grow(kind, attached.devicePath(), path);
    } catch (CommandException failed) {
      if (failed.getMessage().contains(NEEDS_CAPABILITY)) {
        throw new RefusedException(
            Kind.WRONG_STATE,
            "ext4 of volume %s cannot grow while it is mounted: the daemon has no CAP_SYS_RESOURCE"
                + " here; it grows when the volume is staged again",
            volume);
      }
      throw failed;
    }
  }
}
