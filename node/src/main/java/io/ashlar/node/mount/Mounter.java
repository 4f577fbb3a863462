package io.ashlar.node.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Mounts and unmounts, in child processes. No state; any thread that may block. */
public final class Mounter {
  private static final int STACK_MAX = 16;
  private static final String ALREADY_GONE = "not mounted";

  private final Duration limit;

  /**
   * @param limit for one mount or unmount; log replay and write-back count
   */
  public Mounter(Duration limit) {
    this.limit = limit;
  }

  public void mount(Path device, Path target, String fsType, List<String> options)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("mount", "-t", fsType));
    if (!options.isEmpty()) {
      command.addAll(List.of("-o", String.join(",", options)));
    }
    command.addAll(List.of("--", device.toString(), target.toString()));
    ChildProcess.Result result = ChildProcess.exclusive(limit, command);
    if (!result.isOk()) {
      throw ChildProcess.failure(command, result);
    }
  }

  /**
   * Shows {@code source} at {@code target} as well.
   *
   * @param options of this mount alone; a bind ignores them, so they come with a remount
   */
  public void bind(Path source, Path target, List<String> options) throws IOException {
    ChildProcess.require(
        limit, List.of("mount", "--bind", "--", source.toString(), target.toString()));
    if (options.isEmpty()) {
      return;
    }
    try {
      String remount = "remount,bind," + String.join(",", options);
      ChildProcess.require(limit, List.of("mount", "-o", remount, "--", target.toString()));
    } catch (IOException failed) {
      unmountAfter(failed, target);
      throw failed;
    }
  }

  private void unmountAfter(IOException failed, Path target) {
    try {
      unmount(target);
    } catch (IOException alsoFailed) {
      failed.addSuppressed(alsoFailed);
    }
  }

  /**
   * Unmounts whatever is stacked there; nothing mounted is success.
   *
   * @throws CommandException if it is busy
   */
  public void unmount(Path target) throws IOException {
    for (int i = 0; i < STACK_MAX && MountTable.read().isMounted(target); i++) {
      List<String> command = List.of("umount", "--", MountTable.normal(target));
      ChildProcess.Result result = ChildProcess.run(limit, command);
      if (!result.isOk() && !result.said().contains(ALREADY_GONE)) {
        throw ChildProcess.failure(command, result);
      }
    }
    if (MountTable.read().isMounted(target)) {
      throw new IOException(target + " is still mounted after " + STACK_MAX + " unmounts");
    }
  }

  /**
   * Takes a mount away whose device is dead: requests in flight are aborted where the file system
   * can do that (FUSE), and the mount is detached at once and freed when nobody uses it.
   */
  public void unmountDead(Path target) throws IOException {
    String path = MountTable.normal(target);
    for (int i = 0; i < STACK_MAX && MountTable.read().isMounted(target); i++) {
      // It answers "busy" even when it did abort.
      ChildProcess.run(limit, List.of("umount", "--no-canonicalize", "-f", "--", path));
      if (MountTable.read().isMounted(target)) {
        ChildProcess.run(limit, List.of("umount", "--no-canonicalize", "-l", "--", path));
      }
    }
  }
}
