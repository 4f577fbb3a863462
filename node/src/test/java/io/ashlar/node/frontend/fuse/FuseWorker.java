package io.ashlar.node.frontend.fuse;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.HolderClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Stands for the node daemon in a process of its own, to be killed. Arguments: tag, folder, size.
 */
final class FuseWorker {
  private static final long DELAY_MICROS = 300;

  private FuseWorker() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = Path.of(arguments[1]);
    long sizeBytes = Long.parseLong(arguments[2]);
    FuseOptions options =
        FuseOptions.of(arguments[0], folder.resolve("run"), folder.resolve("dev"));
    HolderClient holder = new HolderClient(folder.resolve("holder.sock"), Duration.ofSeconds(10));
    MemoryDevice device = new MemoryDevice(folder.resolve("disk.img"), sizeBytes, DELAY_MICROS);
    new FuseFrontend(options, holder)
        .attach(
            new FuseFrontend.Exposure(
                new VolumeId("vol-1"), 1, sizeBytes, false, device, device.loop));
    Thread.sleep(Duration.ofMinutes(5));
  }
}
