package io.ashlar.node.csi;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.csi.v1.NodePublishVolumeRequest;
import io.ashlar.csi.v1.NodeUnpublishVolumeRequest;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.csi.RefusedException.Kind;
import io.ashlar.node.mount.FileSystemKind;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.Mounter;
import io.ashlar.node.mount.PathState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Binds what is staged to the place of a workload, and takes that away again. */
final class Publishing {
  private static final Logger log = LoggerFactory.getLogger(Publishing.class);
  private static final Duration STAT_LIMIT = Duration.ofSeconds(20);
  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----"));

  private final VolumeAttacher attacher;
  private final NodeMounts mounts;
  private final Mounter mounter;
  private final FileSystemKind defaultKind;

  Publishing(
      VolumeAttacher attacher, NodeMounts mounts, Mounter mounter, FileSystemKind defaultKind) {
    this.attacher = attacher;
    this.mounts = mounts;
    this.mounter = mounter;
    this.defaultKind = defaultKind;
  }

  void publish(NodePublishVolumeRequest request) throws IOException {
    VolumeId volume = Requests.existing(request.getVolumeId());
    VolumeView view = attacher.view(volume);
    VolumeUse use = Requests.use(request.getVolumeCapability(), defaultKind).of(view);
    Path target = Path.of(request.getTargetPath());
    Path source = staged(volume, use, request.getStagingTargetPath());
    boolean readOnly = request.getReadonly() || use.readerOnly();
    if (isPublished(volume, use, target, readOnly)) {
      return;
    }
    requireOnlyTarget(volume, use, request.getStagingTargetPath());
    createTarget(target, use.block());
    try {
      // A bind does not protect a device node: block volumes are read-only as a whole, by
      // ControllerPublish, or not.
      List<String> options = readOnly && !use.block() ? List.of("ro") : List.of();
      mounter.bind(source, target, options);
    } catch (IOException failed) {
      removeTarget(target);
      throw failed;
    }
    log.info("published volume={} target={} readOnly={}", volume, target, readOnly);
  }

  /** What is to be bound: the staging path, or the device. */
  private Path staged(VolumeId volume, VolumeUse use, String stagingPath) throws IOException {
    if (stagingPath.isEmpty()) {
      throw new RefusedException(Kind.WRONG_STATE, "staging_target_path is required");
    }
    Path path = Path.of(stagingPath);
    Optional<MountEntry> there = MountTable.read().at(path);
    if (use.block()) {
      if (attacher.find(volume).isEmpty() || there.isPresent()) {
        throw notStaged(volume, path, "block");
      }
      return mounts.device(volume);
    }
    MountEntry entry = there.orElseThrow(() -> notStaged(volume, path, "mount"));
    if (!mounts.isFileSystemOf(volume, entry) || !mounts.isAlive(volume, entry)) {
      throw notStaged(volume, path, "mount");
    }
    return path;
  }

  private static RefusedException notStaged(VolumeId volume, Path path, String as) {
    return new RefusedException(
        Kind.WRONG_STATE, "volume %s is not staged at %s as %s", volume, path, as);
  }

  private boolean isPublished(VolumeId volume, VolumeUse use, Path target, boolean readOnly)
      throws IOException {
    Optional<MountEntry> there = MountTable.read().at(target);
    if (there.isEmpty()) {
      return false;
    }
    MountEntry entry = there.get();
    if (!mounts.isOf(volume, entry)) {
      throw new RefusedException(
          Kind.CONFLICT, "%s has something else mounted: %s", target, entry.source());
    }
    if (!mounts.isAlive(volume, entry)) {
      mounter.unmountDead(target);
      return false;
    }
    boolean same = use.block() == mounts.isNode(volume, entry);
    boolean sameWay = use.block() || entry.isReadOnly() == readOnly;
    if (!same || !sameWay) {
      throw new RefusedException(
          Kind.CONFLICT, "volume %s is published at %s already in another way", volume, target);
    }
    return true;
  }

  private void requireOnlyTarget(VolumeId volume, VolumeUse use, String stagingPath)
      throws IOException {
    if (!use.singleTarget()) {
      return;
    }
    Optional<MountEntry> staging = MountTable.read().at(Path.of(stagingPath));
    Optional<MountEntry> other =
        mounts.all(volume).stream()
            .filter(entry -> staging.isEmpty() || staging.get().id() != entry.id())
            .findFirst();
    if (other.isPresent()) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s is for a single writer and published at %s already",
          volume,
          other.get().mountPoint());
    }
  }

  private static void createTarget(Path target, boolean file) throws IOException {
    PathState state = PathState.of(STAT_LIMIT, target);
    PathState wanted = file ? PathState.FILE : PathState.DIRECTORY;
    if (state == wanted) {
      return;
    }
    if (state != PathState.MISSING) {
      throw new RefusedException(
          Kind.WRONG_STATE, "target_path %s is %s, wanted %s", target, state, wanted);
    }
    Path parent = target.toAbsolutePath().getParent();
    if (PathState.of(STAT_LIMIT, parent) != PathState.DIRECTORY) {
      throw new RefusedException(
          Kind.WRONG_STATE, "folder %s of target_path does not exist", parent);
    }
    if (file) {
      Files.createFile(target, FILE_MODE);
    } else {
      Files.createDirectory(target, DIRECTORY_MODE);
    }
  }

  void unpublish(NodeUnpublishVolumeRequest request) throws IOException {
    Optional<VolumeId> known = Requests.volumeId(request.getVolumeId());
    if (known.isEmpty()) {
      return;
    }
    VolumeId volume = known.get();
    Path target = Path.of(request.getTargetPath());
    Optional<MountEntry> there = MountTable.read().at(target);
    if (there.isPresent() && !mounts.isOf(volume, there.get())) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "%s has something else mounted than volume %s: %s",
          target,
          volume,
          there.get().source());
    }
    if (there.isPresent() && mounts.isAlive(volume, there.get())) {
      mounter.unmount(target);
    } else if (there.isPresent()) {
      mounter.unmountDead(target);
    }
    removeTarget(target);
    log.info("unpublished volume={} target={}", volume, target);
  }

  /** Never recursive: if an unmount had failed silently, the volume's files would go. */
  private static void removeTarget(Path target) throws IOException {
    PathState state = PathState.of(STAT_LIMIT, target);
    boolean ours =
        state == PathState.DIRECTORY || (state == PathState.FILE && Files.size(target) == 0);
    if (ours && !MountTable.read().isMounted(target)) {
      Files.delete(target);
    }
  }
}
