package io.ashlar.node.csi;

import io.ashlar.model.VolumeId;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.sys.DeviceNodes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which mounts are a volume's. A file system is known by its device number; after a restart, or
 * when its device was replaced, by the device's path as its source; a bound device node by its
 * name.
 */
final class NodeMounts {
  private static final String DELETED = "//deleted";

  private final Path deviceDir;

  NodeMounts(Path deviceDir) {
    this.deviceDir = deviceDir;
  }

  Path device(VolumeId volume) {
    return deviceDir.resolve(volume.value());
  }

  /** Number of the device as it is now; empty if there is none. */
  Optional<String> number(VolumeId volume) {
    try {
      Path device = device(volume);
      return DeviceNodes.isBlock(device)
          ? Optional.of(DeviceNodes.numberOf(device).toString())
          : Optional.empty();
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /** A mount of the volume, be it the file system or the device node, alive or stale. */
  boolean isOf(VolumeId volume, MountEntry entry) {
    return isFileSystemOf(volume, entry) || isNodeOf(volume, entry);
  }

  boolean isFileSystemOf(VolumeId volume, MountEntry entry) {
    return entry.source().equals(device(volume).toString())
        || number(volume).filter(entry.device()::equals).isPresent();
  }

  /** Of the present device; not of one that it replaced, whose node was deleted. */
  boolean isAlive(VolumeId volume, MountEntry entry) {
    return isNode(volume, entry)
        ? !entry.root().endsWith(DELETED)
        : number(volume).filter(entry.device()::equals).isPresent();
  }

  /** The device node itself, bound to a file: a published block volume. */
  boolean isNode(VolumeId volume, MountEntry entry) {
    return !isFileSystemOf(volume, entry) && isNodeOf(volume, entry);
  }

  private boolean isNodeOf(VolumeId volume, MountEntry entry) {
    String root = entry.root().replace(DELETED, "");
    return root.endsWith("/" + deviceDir.getFileName() + "/" + volume)
        || (root.equals("/" + volume) && !entry.mountPoint().equals(deviceDir.toString()));
  }

  List<MountEntry> all(VolumeId volume) throws IOException {
    return MountTable.read().entries().stream().filter(entry -> isOf(volume, entry)).toList();
  }
}
