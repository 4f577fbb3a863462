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

/** Which device is taken, over machines that are made up. */
final class DeviceSelectionTest {
  private static final String IN_USE = "open: Device or resource busy (errno 16)";

  private final List<Device> devices = new ArrayList<>();
  private final Map<Path, String> states = new HashMap<>();
  private final List<Path> looked = new ArrayList<>();

  private void device(String name, String state, String... links) {
    Path path = Path.of("/dev", name);
    devices.add(new Device(path, List.of(links).stream().map(Path::of).toList()));
    states.put(path, state);
  }

  private String selected(String filter) throws IOException {
    return DeviceSelection.select(Pattern.compile(filter), devices, this::isOurs).toString();
  }

  private boolean isOurs(Path device) throws IOException {
    looked.add(device);
    return switch (states.get(device)) {
      case "ours" -> true;
      case "blank" -> false;
      default -> throw new IOException(states.get(device));
    };
  }

  @Test
  void theOneBlankDeviceThatMatchesIsTakenAndOthersAreNotLookedAt() throws IOException {
    device("vda", IN_USE);
    device("vdb", "blank");
    assertThat(selected("/dev/vd[b-z]")).isEqualTo("/dev/vdb");
    assertThat(looked).containsExactly(Path.of("/dev/vdb"));
  }

  @Test
  void aLinkMatchesAsWellButOnlyAsAWhole() throws IOException {
    device("sda", "blank", "/dev/disk/by-id/nvme-system");
    device("sdb", "blank", "/dev/disk/by-id/nvme-data", "/dev/disk/by-path/pci-7");
    assertThat(selected("/dev/disk/by-id/nvme-d.*")).isEqualTo("/dev/sdb");
    assertThatThrownBy(() -> selected("nvme-data"))
        .isInstanceOf(NoDeviceException.class)
        .hasMessage(
            "--device-filter nvme-data matches no block device; there are: /dev/sda, /dev/sdb");
  }

  @Test
  void aDeviceOfOursIsTakenBesideBlankOnes() throws IOException {
    device("sda", "blank");
    device("sdb", "ours");
    device("sdc", "blank");
    assertThat(selected("/dev/sd.")).isEqualTo("/dev/sdb");
  }

  @Test
  void ofSeveralNoneIsTaken() {
    device("sda", "blank");
    device("sdb", "blank");
    assertThatThrownBy(() -> selected("/dev/sd."))
        .isInstanceOf(NoDeviceException.class)
        .hasMessageContaining("several devices that could be used: /dev/sda, /dev/sdb. A node");
    device("sdc", "ours");
    device("sdd", "ours");
    assertThatThrownBy(() -> selected("/dev/sd."))
        .isInstanceOf(NoDeviceException.class)
        .hasMessageContaining("several devices that could be used: /dev/sdc, /dev/sdd. A node");
  }

  @Test
  void ifNoneCanBeUsedEachIsNamedWithItsReason() {
    device("sda", IN_USE);
    device("sda1", "the disk begins with data of something else");
    device("zram0", "blank");
    assertThatThrownBy(() -> selected("/dev/sd.*"))
        .isInstanceOf(NoDeviceException.class)
        .hasMessage(
            "--device-filter /dev/sd.* matches no device that can be used; nothing was changed."
                + " Refused: /dev/sda: open: Device or resource busy (errno 16); /dev/sda1: the"
                + " disk begins with data of something else");
  }

  @Test
  void theMachinesDevicesAreListedWithTheirLinksAndWithoutAttachedVolumes(@TempDir Path root)
      throws IOException {
    Path sys = root.resolve("sys");
    Path dev = root.resolve("dev");
    for (String name : List.of("sdb", "cciss!c0d0", "loop1", "loop2")) {
      Files.createDirectories(sys.resolve(name));
    }
    backing(sys, "loop1", "/home/someone@vol-1/disk.img");
    backing(sys, "loop2", "/run/x/ashlar@vol-1234-ab@1");
    Path byId = Files.createDirectories(dev.resolve("disk/by-id"));
    Files.createSymbolicLink(byId.resolve("wwn-1"), Path.of("../../sdb"));
    Files.createFile(byId.resolve("no-link"));

    assertThat(new Devices(sys, dev).list())
        .containsExactly(
            new Device(dev.resolve("cciss/c0d0"), List.of()),
            new Device(dev.resolve("loop1"), List.of()),
            new Device(dev.resolve("sdb"), List.of(byId.resolve("wwn-1"))));
  }

  private static void backing(Path sys, String name, String file) throws IOException {
    Path loop = Files.createDirectories(sys.resolve(name).resolve("loop"));
    Files.writeString(loop.resolve("backing_file"), file + "\n");
  }
}
