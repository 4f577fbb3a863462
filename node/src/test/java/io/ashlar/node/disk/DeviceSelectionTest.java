package io.ashlar.node.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which devices are taken, over machines that are made up. */
final class DeviceSelectionTest {
  private static final String USABLE = "";
  private static final String IN_USE = "open: Device or resource busy (errno 16)";

  private final List<Device> devices = new ArrayList<>();
  private final Map<Path, String> states = new HashMap<>();
  private final List<Path> looked = new ArrayList<>();

  private void device(String name, String state, String... links) {
    Path path = Path.of("/dev", name);
    devices.add(new Device(path, List.of(links).stream().map(Path::of).toList(), List.of()));
    states.put(path, state);
  }

  private DeviceSelection.Found found(String filter) throws IOException {
    return DeviceSelection.select(Pattern.compile(filter), devices, this::look);
  }

  private List<String> selected(String filter) throws IOException {
    return found(filter).usable().stream().map(Path::toString).toList();
  }

  private void look(Path device) throws IOException {
    looked.add(device);
    if (!states.get(device).equals(USABLE)) {
      throw new IOException(states.get(device));
    }
  }

  @Test
  void allDevicesThatMatchAreTakenInOrderAndOthersAreNotLookedAt() throws IOException {
    device("vda", IN_USE);
    device("vdb", USABLE);
    device("vdc", USABLE);
    assertThat(selected("/dev/vd[b-z]")).containsExactly("/dev/vdb", "/dev/vdc");
    assertThat(found("/dev/vd[b-z]").refused()).isEmpty();
    assertThat(looked).doesNotContain(Path.of("/dev/vda"));
  }

  @Test
  void aLinkMatchesAsWellButOnlyAsAWhole() throws IOException {
    device("sda", USABLE, "/dev/disk/by-id/nvme-system");
    device("sdb", USABLE, "/dev/disk/by-id/nvme-data", "/dev/disk/by-path/pci-7");
    assertThat(selected("/dev/disk/by-id/nvme-d.*")).containsExactly("/dev/sdb");
    assertThatThrownBy(() -> selected("nvme-data"))
        .isInstanceOf(NoDeviceException.class)
        .hasMessage(
            "--device-filter nvme-data matches no block device; there are: /dev/sda, /dev/sdb");
  }

  @Test
  void whatCannotBeUsedIsLeftOutWithItsReason() throws IOException {
    device("sda", IN_USE);
    device("sdb", USABLE);
    device("sdc", "the disk begins with data of something else");
    DeviceSelection.Found found = found("/dev/sd.");
    assertThat(found.usable()).containsExactly(Path.of("/dev/sdb"));
    assertThat(found.refused().keySet()).containsExactly(Path.of("/dev/sda"), Path.of("/dev/sdc"));
    assertThat(found.refused().get(Path.of("/dev/sda"))).hasMessage(IN_USE);
  }

  @Test
  void whatTheKernelHasMadeAnotherDeviceOfIsNotLookedAt() throws IOException {
    device("dm-0", USABLE);
    devices.add(new Device(Path.of("/dev/sda"), List.of(), List.of("dm-0")));
    DeviceSelection.Found found = found("/dev/.*");
    assertThat(found.usable()).containsExactly(Path.of("/dev/dm-0"));
    assertThat(found.refused().get(Path.of("/dev/sda"))).hasMessage("it is part of dm-0");
  }

  @Test
  void ifNoneCanBeUsedEachIsNamedWithItsReason() {
    device("sda", IN_USE);
    device("sda1", "the disk begins with data of something else");
    device("zram0", USABLE);
    assertThatThrownBy(() -> selected("/dev/sd.*"))
        .isInstanceOf(NoDeviceException.class)
        .hasMessage(
            "--device-filter /dev/sd.* matches no device that can be used; nothing was changed."
                + " Refused: /dev/sda: open: Device or resource busy (errno 16); /dev/sda1: the"
                + " disk begins with data of something else");
  }

  @Test
  void theMachinesDevicesAreListedWithTheirLinksAndHoldersAndWithoutAttachedVolumes(
      @TempDir Path root) throws IOException {
    Path sys = root.resolve("sys");
    Path dev = root.resolve("dev");
    for (String name : List.of("sdb", "cciss!c0d0", "loop1", "loop2")) {
      Files.createDirectories(sys.resolve(name));
    }
    backing(sys, "loop1", "/home/someone@vol-1/disk.img");
    backing(sys, "loop2", "/run/x/ashlar@vol-1234-ab@1");
    Files.createDirectories(sys.resolve("sdb/holders/dm-0"));
    Path byId = Files.createDirectories(dev.resolve("disk/by-id"));
    Files.createSymbolicLink(byId.resolve("wwn-1"), Path.of("../../sdb"));
    Files.createFile(byId.resolve("no-link"));

    assertThat(new Devices(sys, dev).list())
        .containsExactly(
            new Device(dev.resolve("cciss/c0d0"), List.of(), List.of()),
            new Device(dev.resolve("loop1"), List.of(), List.of()),
            new Device(dev.resolve("sdb"), List.of(byId.resolve("wwn-1")), List.of("dm-0")));
  }

  private static void backing(Path sys, String name, String file) throws IOException {
    Path loop = Files.createDirectories(sys.resolve(name).resolve("loop"));
    Files.writeString(loop.resolve("backing_file"), file + "\n");
  }
}
