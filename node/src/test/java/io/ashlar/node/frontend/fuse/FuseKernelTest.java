package io.ashlar.node.frontend.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.FuseFrontend.Exposure;
import io.ashlar.node.frontend.fuse.holder.Holder;
import io.ashlar.node.frontend.fuse.holder.HolderClient;
import io.ashlar.node.mount.BlankCheck;
import io.ashlar.node.mount.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real kernel device over a device in memory; needs root, FUSE and loop devices. */
@Tag("kernel")
final class FuseKernelTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long MIB = 1L << 20;
  private static final VolumeId VOLUME = new VolumeId("vol-1");

  @TempDir Path folder;

  private final String tag = "test-" + ProcessHandle.current().pid();
  private Holder holder;
  private HolderClient client;
  private FuseFrontend frontend;

  @BeforeEach
  void start() throws IOException {
    Path socket = folder.resolve("holder.sock");
    holder = new Holder(socket);
    Thread.ofPlatform().daemon().start(holder::serve);
    client = new HolderClient(socket, Duration.ofSeconds(5));
    frontend = new FuseFrontend(options(), client);
  }

  private FuseOptions options() {
    return FuseOptions.of(tag, folder.resolve("run"), folder.resolve("dev"));
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    holder.close();
    DeviceCleaner.clean(tag, folder.resolve("run"));
  }

  private MemoryDevice memory(long sizeBytes) throws IOException {
    return new MemoryDevice(folder.resolve("disk.img"), sizeBytes, 0);
  }

  private FuseVolume attach(MemoryDevice device, long generation, long sizeBytes)
      throws IOException {
    return frontend.attach(new Exposure(VOLUME, generation, sizeBytes, false, device, device.loop));
  }

  private static ChildProcess.Result require(String... command) throws IOException {
    return ChildProcess.require(LIMIT, List.of(command));
  }

  @Test
  void verifiedLoadDiscardAndFlushReachTheDeviceAndNothingIsLeft() throws IOException {
    try (MemoryDevice device = memory(64 * MIB)) {
      FuseVolume volume = attach(device, 1, 64 * MIB);
      String path = volume.devicePath().toString();

      require(
          "fio",
          "--name=v",
          "--filename=" + path,
          "--direct=1",
          "--rw=randwrite",
          "--bsrange=4k-256k",
          "--size=64M",
          "--io_size=32M",
          "--iodepth=16",
          "--ioengine=libaio",
          "--verify=crc32c",
          "--fsync=16");
      assertThat(device.writes.get()).isPositive();
      assertThat(device.flushes.get()).isPositive();

      require("blkdiscard", path);
      assertThat(device.trimmedBytes.get()).isGreaterThanOrEqualTo(64 * MIB);
      assertThat(BlankCheck.isZero(volume.devicePath(), 64 * MIB)).isTrue();
      require("blkdiscard", "-z", path);

      frontend.detach(VOLUME);
      assertThat(volume.devicePath()).doesNotExist();
      assertThat(DeviceCleaner.clean(tag, folder.resolve("run"))).isEmpty();
      assertThat(client.list()).isEmpty();
    }
  }

  @Test
  void nothingCanWriteToAReadOnlyDeviceThoughItGrows() throws IOException {
    try (MemoryDevice device = memory(64 * MIB)) {
      Exposure exposure = new Exposure(VOLUME, 1, 32 * MIB, true, device, device.loop);
      FuseVolume volume = frontend.attach(exposure);
      String path = volume.devicePath().toString();
      assertThatThrownBy(() -> require("dd", "if=/dev/urandom", "of=" + path, "bs=4k", "count=1"))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> require("blkdiscard", path)).isInstanceOf(IOException.class);
      frontend.resize(VOLUME, 64 * MIB);
      assertThat(require("blockdev", "--getsize64", path).output().strip())
          .isEqualTo(Long.toString(64 * MIB));
      assertThat(BlankCheck.isZero(volume.devicePath(), 64 * MIB)).isTrue();
      assertThat(device.writes.get()).isZero();
      frontend.detach(VOLUME);
    }
  }

  @Test
  void deviceGrowsWhileItIsMounted() throws IOException {
    try (MemoryDevice device = memory(700 * MIB)) {
      FuseVolume volume = attach(device, 1, 320 * MIB);
      String path = volume.devicePath().toString();
      Path mountPoint = Files.createDirectories(folder.resolve("mnt"));
      require("mkfs.xfs", "-q", "-f", path);
      require("mount", path, mountPoint.toString());
      try {
        frontend.resize(VOLUME, 700 * MIB);
        require("xfs_growfs", mountPoint.toString());
        require("dd", "if=/dev/urandom", "of=" + mountPoint + "/f", "bs=1M", "count=500");
        require("sync", mountPoint + "/f");
      } finally {
        require("umount", mountPoint.toString());
      }
      require("xfs_repair", "-n", path);
      frontend.detach(VOLUME);
    }
  }

  @Test
  void deviceOfAnotherGenerationIsTornDownAndItsUsersGetErrors() throws IOException {
    try (MemoryDevice device = memory(64 * MIB)) {
      FuseVolume old = attach(device, 1, 64 * MIB);
      Path kept = Path.of("/dev/loop" + old.loop().index());
      FuseVolume young = attach(device, 2, 64 * MIB);

      assertThat(young.generation()).isEqualTo(2);
      assertThat(young.loop().index()).isNotNegative();
      assertThat(LoopDevices.find(options().fileName(VOLUME, 1))).isEmpty();
      assertThat(kept.toString()).isNotEmpty();
      require("dd", "if=" + young.devicePath(), "of=/dev/null", "bs=4k", "count=1", "iflag=direct");
      frontend.detach(VOLUME);
    }
  }

  @Test
  void holderRestartIsHealedByTheDaemon() throws Exception {
    try (MemoryDevice device = memory(64 * MIB)) {
      attach(device, 1, 64 * MIB);
      holder.close();
      holder = new Holder(folder.resolve("holder.sock"));
      Thread.ofPlatform().daemon().start(holder::serve);
      long endNanos = System.nanoTime() + 5_000_000_000L;
      while (client.list().isEmpty() && System.nanoTime() < endNanos) {
        Thread.sleep(50);
      }
      assertThat(client.list()).hasSize(1);
      frontend.detach(VOLUME);
    }
  }

  @Test
  void errorsOfTheDeviceAreErrorsOfTheProofOfBlankness() throws IOException {
    try (MemoryDevice device = memory(64 * MIB).bad(MIB / 2, MIB / 2 + 4096, false)) {
      FuseVolume volume = attach(device, 1, 64 * MIB);
      assertThatThrownBy(() -> BlankCheck.isZero(volume.devicePath(), 64 * MIB))
          .hasMessageContaining("Input/output error");
      frontend.detach(VOLUME);
    }
  }
}
