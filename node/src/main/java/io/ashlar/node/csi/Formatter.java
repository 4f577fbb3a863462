package io.ashlar.node.csi;

import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.AttachedVolume;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.csi.RefusedException.Kind;
import io.ashlar.node.mount.BlankCheck;
import io.ashlar.node.mount.FileSystemKind;
import io.ashlar.node.mount.FileSystems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that an attached volume carries the wanted file system. A volume is formatted only
 * with proof that nothing can be lost: the record says that none was ever begun, no copy has a
 * mapped block, and the device reads as zeros. That blkid finds nothing is no proof. A read that
 * fails ends the attempt.
 */
final class Formatter {
  private static final Logger log = LoggerFactory.getLogger(Formatter.class);

  private final VolumeAttacher attacher;
  private final FileSystems fileSystems;

  Formatter(VolumeAttacher attacher, FileSystems fileSystems) {
    this.attacher = attacher;
    this.fileSystems = fileSystems;
  }

  /** After this the device can be mounted; it was checked if it is not to be mounted read-only. */
  void prepare(VolumeId volume, VolumeView view, AttachedVolume attached, VolumeUse use)
      throws IOException {
    switch (view.getFormat()) {
      case NEVER_FORMATTED -> format(volume, attached, use);
      case FORMATTING -> formatAgain(volume, attached, use);
      case FORMATTED -> verify(volume, attached, use);
      case UNRECOGNIZED ->
          throw new RefusedException(
              Kind.WRONG_STATE, "format state of volume %s is not known to this release", volume);
    }
  }

  private void format(VolumeId volume, AttachedVolume attached, VolumeUse use) throws IOException {
    requireWritable(volume, use);
    requireBlank(volume, attached);
    make(volume, attached, use.kind());
  }

  private void requireBlank(VolumeId volume, AttachedVolume attached) throws IOException {
    Path device = attached.devicePath();
    if (!attacher.isUnmapped(volume)) {
      throw unknownContent(volume, "copies hold data");
    }
    if (!BlankCheck.isZero(device, attached.sizeBytes())) {
      throw unknownContent(volume, "the device does not read as zeros");
    }
    Optional<String> found = fileSystems.probe(device);
    if (found.isPresent()) {
      throw unknownContent(volume, "blkid finds " + found.get());
    }
  }

  private static RefusedException unknownContent(VolumeId volume, String why) {
    return new RefusedException(
        Kind.WRONG_STATE,
        "volume %s is not formatted: the record knows of no file system, but %s; use it as a block"
            + " volume to save what it holds",
        volume,
        why);
  }

  /** An earlier mkfs did not come to its end; nothing was mounted since it began. */
  private void formatAgain(VolumeId volume, AttachedVolume attached, VolumeUse use)
      throws IOException {
    requireWritable(volume, use);
    log.info("unfinished file system wiped volume={}", volume);
    fileSystems.wipe(attached.devicePath());
    make(volume, attached, use.kind());
  }

  private static void requireWritable(VolumeId volume, VolumeUse use) {
    if (use.readerOnly()) {
      throw new RefusedException(
          Kind.WRONG_STATE, "volume %s has no file system and is to be mounted read-only", volume);
    }
  }

  private void make(VolumeId volume, AttachedVolume attached, FileSystemKind kind)
      throws IOException {
    if (attached.sizeBytes() < kind.minimumBytes()) {
      throw new RefusedException(
          Kind.SIZE,
          "volume %s has %d bytes, %s needs at least %d",
          volume,
          attached.sizeBytes(),
          kind.type(),
          kind.minimumBytes());
    }
    attacher.recordFormat(volume, kind.type(), FormatState.FORMATTING, attached.generation());
    fileSystems.make(kind, attached.devicePath());
    fileSystems.flush(attached.devicePath());
    attacher.recordFormat(volume, kind.type(), FormatState.FORMATTED, attached.generation());
    log.info("formatted volume={} fsType={}", volume, kind.type());
  }

  private void verify(VolumeId volume, AttachedVolume attached, VolumeUse use) throws IOException {
    String found =
        fileSystems
            .probe(attached.devicePath())
            .orElseThrow(
                () ->
                    new RefusedException(
                        Kind.WRONG_STATE,
                        "volume %s was formatted, but no file system is found on it; it is not"
                            + " formatted again",
                        volume));
    if (!found.equals(use.kind().type())) {
      throw new RefusedException(
          Kind.WRONG_STATE, "volume %s holds %s, not %s", volume, found, use.kind().type());
    }
    if (!use.readerOnly()) {
      fileSystems.check(use.kind(), attached.devicePath());
      fileSystems.growUnmounted(use.kind(), attached.devicePath());
    }
  }
}
