package io.ashlar.node.csi;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeUnstageVolumeRequest;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.AttachedVolume;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.csi.RefusedException.Kind;
import io.ashlar.node.mount.FileSystemKind;
import io.ashlar.node.mount.FileSystems;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.Mounter;
import io.ashlar.node.mount.PathState;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a volume, formatted and mounted, to its staging path, and takes it away again. */
final class Staging {
  private static final Logger log = LoggerFactory.getLogger(Staging.class);
  private static final Duration STAT_LIMIT = Duration.ofSeconds(20);

  private final VolumeAttacher attacher;
  private final NodeMounts mounts;
  private final Mounter mounter;
  private final FileSystems fileSystems;
  private final Formatter formatter;
  private final FileSystemKind defaultKind;

  Staging(
      VolumeAttacher attacher,
      NodeMounts mounts,
      Mounter mounter,
      FileSystems fileSystems,
      FileSystemKind defaultKind) {
    this.attacher = attacher;
    this.mounts = mounts;
    this.mounter = mounter;
    this.fileSystems = fileSystems;
    this.formatter = new Formatter(attacher, fileSystems);
    this.defaultKind = defaultKind;
  }

  void stage(NodeStageVolumeRequest request) throws IOException {
    VolumeId volume = Requests.existing(request.getVolumeId());
    Path path = Path.of(request.getStagingTargetPath());
    VolumeView view = attacher.view(volume);
    VolumeUse use = Requests.use(request.getVolumeCapability(), defaultKind).of(view);
    requireDirectory(volume, path);
    boolean attachedBefore = attacher.find(volume).isPresent();
    AttachedVolume attached = attacher.attach(volume);
    try {
      stageAttached(volume, view, attached, use, path);
    } catch (IOException | RuntimeException failed) {
      if (!attachedBefore) {
        detachAfter(failed, volume);
      }
      throw failed;
    }
  }

  private void stageAttached(
      VolumeId volume, VolumeView view, AttachedVolume attached, VolumeUse use, Path path)
      throws IOException {
    if (isStaged(volume, use, path)) {
      return;
    }
    if (use.block()) {
      return;
    }
    formatter.prepare(volume, view, attached, use);
    mount(volume, attached, use, path);
    if (use.kind() == FileSystemKind.XFS && !use.readerOnly()) {
      fileSystems.grow(use.kind(), attached.devicePath(), path);
    }
    log.info("staged volume={} fsType={} path={}", volume, use.kind().type(), path);
  }

  /**
   * A mount that a killed daemon had begun cannot be taken back: it may come to its end after we
   * found none, and be what ours is refused for.
   */
  private void mount(VolumeId volume, AttachedVolume attached, VolumeUse use, Path path)
      throws IOException {
    try {
      mounter.mount(attached.devicePath(), path, use.kind().type(), use.mountOptions());
    } catch (IOException refused) {
      if (!isStaged(volume, use, path)) {
        throw refused;
      }
    }
  }

  /** A mount whose device is dead, or was replaced by that of a later attachment, goes first. */
  private void requireDirectory(VolumeId volume, Path path) throws IOException {
    PathState state = PathState.of(STAT_LIMIT, path);
    if (state == PathState.CORRUPTED) {
      mounter.unmountDead(path);
      state = PathState.of(STAT_LIMIT, path);
    }
    if (state != PathState.DIRECTORY) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "staging_target_path %s of volume %s is no directory: %s; the caller has to make it",
          path,
          volume,
          state);
    }
  }

  private boolean isStaged(VolumeId volume, VolumeUse use, Path path) throws IOException {
    Optional<MountEntry> there = MountTable.read().at(path);
    if (there.isEmpty()) {
      return false;
    }
    MountEntry entry = there.get();
    if (!mounts.isFileSystemOf(volume, entry)) {
      throw new RefusedException(
          Kind.CONFLICT,
          "%s has something else mounted: %s of %s",
          path,
          entry.fsType(),
          entry.source());
    }
    if (!mounts.isAlive(volume, entry)) {
      log.info("mount of an older attachment removed volume={} path={}", volume, path);
      mounter.unmountDead(path);
      return false;
    }
    boolean same =
        !use.block()
            && entry.fsType().equals(use.kind().type())
            && entry.isReadOnly() == use.readerOnly();
    if (!same) {
      throw new RefusedException(
          Kind.CONFLICT,
          "volume %s is staged at %s already, as %s %s",
          volume,
          path,
          entry.fsType(),
          entry.isReadOnly() ? "read-only" : "read-write");
    }
    return true;
  }

  private void detachAfter(Exception failed, VolumeId volume) {
    try {
      attacher.detach(volume);
    } catch (IOException | StatusRuntimeException alsoFailed) {
      failed.addSuppressed(alsoFailed);
    }
  }

  void unstage(NodeUnstageVolumeRequest request) throws IOException {
    Optional<VolumeId> known = Requests.volumeId(request.getVolumeId());
    if (known.isEmpty()) {
      return;
    }
    VolumeId volume = known.get();
    Path path = Path.of(request.getStagingTargetPath());
    Optional<MountEntry> there = MountTable.read().at(path);
    if (there.isPresent()) {
      unmountStaged(volume, path, there.get());
    }
    List<MountEntry> left = mounts.all(volume);
    if (!left.isEmpty()) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s is still published at %s: unpublish it first",
          volume,
          left.getFirst().mountPoint());
    }
    attacher.detach(volume);
    log.info("unstaged volume={} path={}", volume, path);
  }

  private void unmountStaged(VolumeId volume, Path path, MountEntry entry) throws IOException {
    if (!mounts.isFileSystemOf(volume, entry)) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "%s has something else mounted than volume %s: %s",
          path,
          volume,
          entry.source());
    }
    if (mounts.isAlive(volume, entry)) {
      mounter.unmount(path);
    } else {
      mounter.unmountDead(path);
    }
  }
}
