package io.ashlar.node.frontend.fuse;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import io.ashlar.node.mount.ChildProcess;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.Mounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Takes loop device and FUSE mount down, in the order that works: unbind the loop device, wait
 * until it let go of the file, unmount. A dead or stale one is aborted first, so that nothing waits
 * for its answers.
 */
final class DeviceTeardown {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long RELEASE_MILLIS = 10_000;
  private static final long POLL_MILLIS = 10;

  private final FuseOptions options;
  private final Mounter mounter = new Mounter(LIMIT);

  DeviceTeardown(FuseOptions options) {
    this.options = options;
  }

  /**
   * Takes a device down that is served and that nobody uses.
   *
   * @throws IOException if it is still open somewhere
   */
  void release(HeldKey key) throws IOException {
    Optional<LoopDevices.Loop> loop = LoopDevices.find(fileName(key));
    if (loop.isPresent()) {
      LoopDevices.release(loop.get().index());
      awaitReleased(key, loop.get());
    }
    Path mountPoint = mountPoint(key);
    unmountWhenFree(mountPoint);
    Files.deleteIfExists(mountPoint);
  }

  private void awaitReleased(HeldKey key, LoopDevices.Loop loop) throws IOException {
    long endNanos = System.nanoTime() + RELEASE_MILLIS * 1_000_000;
    while (LoopDevices.find(fileName(key)).isPresent()) {
      if (System.nanoTime() > endNanos) {
        throw new IOException(
            "%s of volume %s is still open somewhere; it is taken down when it is closed"
                .formatted(loop.node(), key.volume()));
      }
      pause();
    }
  }

  /** The kernel lets go of the file a moment after the loop device did. */
  private void unmountWhenFree(Path mountPoint) throws IOException {
    long endNanos = System.nanoTime() + RELEASE_MILLIS * 1_000_000;
    while (true) {
      try {
        mounter.unmount(mountPoint);
        return;
      } catch (IOException busy) {
        if (System.nanoTime() > endNanos) {
          throw busy;
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a device was taken down", interrupted);
    }
  }

  /** Takes a device down whose users, if there are any, shall get errors. */
  void abort(HeldKey key) throws IOException {
    abort(mountPoint(key), fileName(key));
  }

  private void abort(Path mountPoint, String fileName) throws IOException {
    forceUnmount(mountPoint);
    Optional<LoopDevices.Loop> loop = LoopDevices.find(fileName);
    if (loop.isPresent()) {
      // Still open: the kernel unbinds it with the last close.
      ChildProcess.run(LIMIT, List.of("losetup", "-d", loop.get().node().toString()));
    }
    mounter.unmountDead(mountPoint);
    Files.deleteIfExists(mountPoint);
  }

  /** Aborts the connection even when it answers "busy". */
  private static void forceUnmount(Path mountPoint) throws IOException {
    if (MountTable.read().isMounted(mountPoint)) {
      ChildProcess.run(
          LIMIT, List.of("umount", "--no-canonicalize", "-f", "--", mountPoint.toString()));
    }
  }

  /** Takes everything of a volume down that is still there. */
  void clearVolume(VolumeId volume) throws IOException {
    clear(volume, "");
  }

  /** As {@link #clearVolume}, but for the one device that is to stay. */
  void clearOthers(HeldKey keep) throws IOException {
    clear(keep.volume(), fileName(keep));
  }

  private void clear(VolumeId volume, String keepFileName) throws IOException {
    for (MountEntry entry : MountTable.read().under(options.runDir())) {
      Path mountPoint = Path.of(entry.mountPoint());
      // The folder is named like the file, without the tag.
      String fileName = options.tag() + "@" + mountPoint.getFileName();
      boolean ofVolume = mountPoint.getFileName().toString().startsWith(volume + "@");
      if (ofVolume && !fileName.equals(keepFileName)) {
        abort(mountPoint, fileName);
      }
    }
    String prefix = options.tag() + "@" + volume + "@";
    for (LoopDevices.Loop loop : LoopDevices.list()) {
      String fileName = Path.of(loop.backingFile()).getFileName().toString();
      if (fileName.startsWith(prefix) && !fileName.equals(keepFileName)) {
        ChildProcess.run(LIMIT, List.of("losetup", "-d", loop.node().toString()));
      }
    }
  }

  private Path mountPoint(HeldKey key) {
    return options.mountPoint(key.volume(), key.generation());
  }

  private String fileName(HeldKey key) {
    return options.fileName(key.volume(), key.generation());
  }
}
