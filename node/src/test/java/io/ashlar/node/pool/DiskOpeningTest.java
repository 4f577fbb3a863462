package io.ashlar.node.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.block.AlignedPool;
import io.ashlar.disk.DiskInUseException;
import io.ashlar.disk.DiskRefusedException;
import io.ashlar.disk.FileDisk;
import io.ashlar.model.NodeId;
import io.ashlar.net.DataLoop;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.StoreOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are files with holes, opened as the daemon does. */
final class DiskOpeningTest {
  @TempDir Path folder;
  private final DataLoop loop = new DataLoop("test");

  @AfterEach
  void end() {
    loop.close();
  }

  private String file(String name) throws IOException {
    Path file = folder.resolve(name);
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(DiskSettings.FILE_BYTES_MIN);
    }
    return file.toString();
  }

  private NodeDisks open(String... disks) throws Exception {
    List<Path> paths = Arrays.stream(disks).map(Path::of).toList();
    DiskSettings settings =
        new DiskSettings(
            paths, Optional.empty(), DiskSettings.FILE_BYTES_MIN, StoreOptions.DEFAULT);
    DiskOpening.Owner owner = new DiskOpening.Owner("c", new NodeId("n1"), "default");
    AlignedPool payloads = new AlignedPool(1 << 20);
    return new DiskOpening(folder, settings, owner, new SecureRandom()::nextLong, payloads, loop)
        .open();
  }

  /** The ids of the disks that are used, in order. */
  private List<Long> use(String... disks) throws Exception {
    try (NodeDisks opened = open(disks)) {
      List<Long> ids =
          opened.pool().stores().stream().map(store -> store.identity().diskId()).toList();
      CompletableFuture.runAsync(opened::stop, loop).join();
      return ids;
    }
  }

  @Test
  void eachDiskHasAnIdOfItsOwnAndKeepsIt() throws Exception {
    String[] disks = {file("a"), file("b"), file("c")};
    List<Long> ids = use(disks);
    assertThat(ids).doesNotHaveDuplicates().hasSize(3);
    assertThat(use(disks)).isEqualTo(ids);
  }

  @Test
  void whatCannotBeOpenedIsLeftOutAsLongAsThereIsAnother() throws Exception {
    String good = file("good");
    String foreign = file("foreign");
    Files.writeString(Path.of(foreign), "something else");
    String broken = folder.resolve("link").toString();
    Files.createSymbolicLink(Path.of(broken), folder.resolve("nothing"));
    String missing = "/dev/ashlar-test-no-such-device";

    assertThat(use(foreign, missing, good, broken)).hasSize(1);

    assertThat(Path.of(foreign)).hasContent("something else");
    assertThat(Path.of(missing)).doesNotExist();
    assertThat(folder.resolve("nothing")).doesNotExist();
    assertThatThrownBy(() -> use(foreign, broken))
        .isInstanceOf(DiskRefusedException.class)
        .hasMessageContaining(foreign);
  }

  @Test
  void aDiskThatSomebodyElseUsesStopsTheStartAndTheOthersAreClosed() throws Exception {
    String free = file("free");
    String used = file("used");
    FileDisk other = FileDisk.open(Path.of(used), 1, loop, loop);
    assertThatThrownBy(() -> use(free, used))
        .isInstanceOf(DiskInUseException.class)
        .hasMessageContaining(used);
    other.close();
    assertThat(use(free, used)).hasSize(2);
  }

  @Test
  void aDiskThatIsNamedTwiceIsRefused() throws Exception {
    String disk = file("disk");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of(disk));
    assertThatThrownBy(() -> use(disk, link.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--disk " + disk + " and --disk " + link + " are the same: name it once");
    assertThatThrownBy(() -> use(disk, disk)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aCopyOfADiskIsRefusedAndBothAreClosed() throws Exception {
    String disk = file("disk");
    use(disk);
    Path copy = Files.copy(Path.of(disk), folder.resolve("copy"));
    assertThatThrownBy(() -> use(disk, copy.toString())).isInstanceOf(StoreOpenException.class);
    assertThat(use(disk)).hasSize(1);
  }
}
