package io.ashlar.node.frontend.fuse;

import io.ashlar.node.mount.ChildProcess;
import io.ashlar.node.mount.MountEntry;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.Mounter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes everything that carries a tag, whoever made it: for the end of a cluster on one machine
 * and for tests. Not for a node in service: users of the devices get errors.
 */
public final class DeviceCleaner {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String SOURCE_PREFIX = "ashlar:";

  private DeviceCleaner() {}

  /**
   * Aborts the FUSE mounts below {@code runDir}, unmounts what is mounted from loop devices with
   * this tag, unbinds those.
   *
   * @return what was found, in words
   */
  public static List<String> clean(String tag, Path runDir) throws IOException {
    List<String> found = new ArrayList<>();
    Mounter mounter = new Mounter(LIMIT);
    List<MountEntry> fuse =
        MountTable.read().under(runDir).stream()
            .filter(entry -> entry.source().startsWith(SOURCE_PREFIX))
            .toList();
    for (MountEntry entry : fuse) {
      found.add("fuse mount " + entry.mountPoint());
      ChildProcess.run(
          LIMIT, List.of("umount", "--no-canonicalize", "-f", "--", entry.mountPoint()));
    }
    for (LoopDevices.Loop loop : LoopDevices.list()) {
      if (Path.of(loop.backingFile()).getFileName().toString().startsWith(tag + "@")) {
        found.add("loop device " + loop.index() + " on " + loop.backingFile());
        cleanLoop(mounter, loop);
      }
    }
    for (MountEntry entry : fuse) {
      mounter.unmountDead(Path.of(entry.mountPoint()));
    }
    return found;
  }

  private static void cleanLoop(Mounter mounter, LoopDevices.Loop loop) throws IOException {
    for (MountEntry entry : MountTable.read().ofDevice("7:" + loop.index()).reversed()) {
      mounter.unmountDead(Path.of(entry.mountPoint()));
    }
    ChildProcess.run(LIMIT, List.of("losetup", "-d", loop.node().toString()));
  }
}
