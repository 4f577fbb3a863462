package io.ashlar.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.AlignedPool;
import io.ashlar.disk.DataDisk;
import io.ashlar.disk.DiskInUseException;
import io.ashlar.model.NodeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.mount.ChildProcess;
import io.ashlar.store.DiskIdentity;
import io.ashlar.store.LogStore;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real devices, which are loop devices over files, judged by the real look. */
@Tag("kernel")
final class DeviceSelectionKernelTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final long SIZE_BYTES = 32L << 20;

  @TempDir Path folder;
  private final DataLoop loop = new DataLoop("test");
  private final AlignedPool pool = new AlignedPool(1 << 20);
  private final List<String> loops = new ArrayList<>();
  private final List<Path> mounts = new ArrayList<>();

  @AfterEach
  void clean() throws IOException {
    for (Path mount : mounts) {
      ChildProcess.require(LIMIT, List.of("umount", mount.toString()));
    }
    for (String device : loops) {
      ChildProcess.require(LIMIT, List.of("losetup", "-d", device));
    }
    loop.close();
  }

  private String device(String name) throws IOException {
    Path file = folder.resolve(name);
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(SIZE_BYTES);
    }
    String device =
        ChildProcess.require(
                LIMIT, List.of("losetup", "--sector-size", "4096", "-f", "--show", file.toString()))
            .output()
            .strip();
    loops.add(device);
    return device;
  }

  private static DiskIdentity identity(String node) {
    return new DiskIdentity("c", new NodeId(node), "default", 7);
  }

  private DeviceSelection.Found found(String node, String... devices) throws IOException {
    return DeviceSelection.select(
        Pattern.compile(String.join("|", devices)),
        device -> DataDisk.look(device, identity(node), SEGMENT_BYTES, pool, loop, loop));
  }

  private List<String> select(String node, String... devices) throws IOException {
    return found(node, devices).usable().stream().map(Path::toString).toList();
  }

  private void format(String device, String node) throws IOException {
    LogStore store =
        DataDisk.open(
            Path.of(device),
            identity(node),
            SEGMENT_BYTES,
            StoreOptions.DEFAULT,
            pool,
            loop,
            loop,
            loop);
    CompletableFuture.runAsync(store::close, loop).join();
  }

  @Test
  void blankDevicesAreTakenAndThoseOfThisNode() throws IOException {
    String first = device("first");
    String second = device("second");
    assertThat(select("n1", first)).containsExactly(first);
    assertThat(select("n1", first, second)).containsExactlyInAnyOrder(first, second);

    format(second, "n1");

    assertThat(select("n1", first, second)).containsExactlyInAnyOrder(first, second);
    assertThat(select("n2", first, second)).containsExactly(first);
    assertThatThrownBy(() -> select("n2", second))
        .isInstanceOf(NoDeviceException.class)
        .hasMessageContaining(second + ": the disk is DiskIdentity[cluster=c, node=n1");
  }

  @Test
  void whatHoldsSomethingOrIsInUseIsRefusedAndNotTouched() throws IOException {
    String made = device("made");
    ChildProcess.require(LIMIT, List.of("mkfs.ext4", "-q", made));
    assertThatThrownBy(() -> select("n1", made))
        .isInstanceOf(NoDeviceException.class)
        .hasMessageContaining(made + ": the disk");

    Path mount = Files.createDirectory(folder.resolve("mount"));
    ChildProcess.require(LIMIT, List.of("mount", made, mount.toString()));
    mounts.add(mount);
    assertThatThrownBy(() -> select("n1", made)).hasMessageContaining(made + ": open " + made);
    assertThat(mount.resolve("lost+found")).isDirectory();
  }

  @Test
  void aDeviceThatADaemonHasOpenIsRefusedAndItsOwnNodeHearsOfIt() throws IOException {
    String device = device("open");
    String blank = device("blank");
    LogStore store =
        DataDisk.open(
            Path.of(device),
            identity("n1"),
            SEGMENT_BYTES,
            StoreOptions.DEFAULT,
            pool,
            loop,
            loop,
            loop);
    assertThatThrownBy(() -> select("n1", device))
        .isInstanceOf(NoDeviceException.class)
        .hasMessageContaining(device + ": ");
    assertThat(found("n1", device, blank).refused().get(Path.of(device)))
        .isInstanceOf(DiskInUseException.class);
    assertThat(found("n2", device, blank).refused().get(Path.of(device)))
        .isNotInstanceOf(DiskInUseException.class);
    CompletableFuture.runAsync(store::close, loop).join();
    assertThat(select("n1", device)).containsExactly(device);
  }
}
