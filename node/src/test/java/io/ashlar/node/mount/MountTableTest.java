package io.ashlar.node.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Lines of mountinfo as kernels write them. */
final class MountTableTest {
  private static final String TEXT =
      """
      22 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw,errors=remount-ro
      40 22 7:3 / /mnt/a\\040b\\134c rw,nosuid - xfs /dev/ashlar/vol-1 rw,nouuid
      41 22 7:3 / /mnt/target ro,relatime shared:7 - xfs /dev/ashlar/vol-1 rw,nouuid
      42 22 0:5 /ashlar/vol-2 /mnt/block rw - devtmpfs udev rw,size=4k
      43 22 0:9 / /mnt/target rw - tmpfs other rw
      """;

  private final MountTable table = MountTable.parse(TEXT);

  @Test
  void escapesAreResolvedAndOptionalFieldsSkipped() {
    MountEntry entry = table.at(Path.of("/mnt/a b\\c")).orElseThrow();
    assertThat(entry.fsType()).isEqualTo("xfs");
    assertThat(entry.superOptions()).contains("nouuid");
    assertThat(table.at(Path.of("/")).orElseThrow().device()).isEqualTo("8:1");
  }

  @Test
  void ofStackedMountsTheLastIsSeen() {
    assertThat(table.at(Path.of("/mnt/target")).orElseThrow().fsType()).isEqualTo("tmpfs");
  }

  @Test
  void mountsAreFoundByDeviceAndByFolder() {
    assertThat(table.ofDevice("7:3")).extracting(MountEntry::id).containsExactly(40, 41);
    assertThat(table.under(Path.of("/mnt"))).extracting(MountEntry::id).first().isEqualTo(43);
    assertThat(table.ofDevice("7:3").getLast().isReadOnly()).isTrue();
    assertThat(table.ofDevice("7:3").getLast().isFileSystemReadOnly()).isFalse();
  }

  @Test
  void otherTextIsRefused() {
    assertThatThrownBy(() -> MountTable.parse("1 2 3")).hasMessageContaining("not a line");
    assertThat(MountEntry.unescape("a\\04")).isEqualTo("a\\04");
    assertThat(MountEntry.unescape("\\303\\244")).isEqualTo("ä");
  }

  @Test
  void placesOfSuperblocksAreWithinTheDevice() {
    assertThat(BlankCheck.placesMib(1)).containsExactly(0L);
    assertThat(BlankCheck.placesMib((64L << 20) + 4096)).contains(0L, 8L, 63L, 64L);
    assertThat(BlankCheck.placesMib(1L << 40)).contains(0L, 64L, 128L, 1L << 18, (1L << 20) - 1);
  }
}
