package io.ashlar.node.frontend.fuse;

import static io.ashlar.model.Invariants.require;

import io.ashlar.model.VolumeId;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Where the front-end keeps its things, and how much it takes.
 *
 * @param tag of the cluster and node: every file name carries it, so that clean-up finds its own
 * @param runDir where the file systems are mounted, one folder each; on no volume of ours
 * @param deviceDir where the device nodes appear, {@code deviceDir/volume}; allows devices
 * @param readers threads and queues of a volume
 * @param framesMax WRITEs of a volume that the engine may hold at a time, of up to 1 MiB each
 */
public record FuseOptions(String tag, Path runDir, Path deviceDir, int readers, int framesMax) {
  public static final int READERS = 2;
  public static final int FRAMES_MAX = 64;

  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  public FuseOptions {
    require(TAG.matcher(tag).matches(), "tag '%s': want %s", tag, TAG);
    require(runDir.isAbsolute(), "runDir %s is not absolute", runDir);
    require(deviceDir.isAbsolute(), "deviceDir %s is not absolute", deviceDir);
    require(readers >= 1 && readers <= 16, "readers %s: want 1 to 16", readers);
    require(framesMax >= 1 && framesMax <= 256, "framesMax %s: want 1 to 256", framesMax);
  }

  public static FuseOptions of(String tag, Path runDir, Path deviceDir) {
    return new FuseOptions(tag, runDir, deviceDir, READERS, FRAMES_MAX);
  }

  Path mountPoint(VolumeId volume, long generation) {
    return runDir.resolve(volume + "@" + generation);
  }

  /** Name of the one file. The loop device shows it to every namespace. */
  String fileName(VolumeId volume, long generation) {
    return tag + "@" + volume + "@" + generation;
  }

  Path deviceNode(VolumeId volume) {
    return deviceDir.resolve(volume.value());
  }
}
