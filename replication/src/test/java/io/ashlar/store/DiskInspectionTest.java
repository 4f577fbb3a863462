package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.sim.SimDisk;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimRng;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the inspector says of whole and damaged disks, and that it changes nothing. */
final class DiskInspectionTest {
  private final StoreFixture fixture = new StoreFixture(5, 40).format().open();
  private final List<String> lines = new ArrayList<>();
  private ReplicaStore replica;

  @BeforeEach
  void write() {
    replica = fixture.create("v");
    for (int block = 0; block < 300; block++) {
      fixture.write(replica, block, block + 1);
    }
    fixture.store.checkpoint();
    fixture.settle();
    fixture.write(replica, 1_500_000, 400);
    fixture.sync(replica);
    fixture.settle();
  }

  private boolean inspect(boolean data) throws IOException {
    lines.clear();
    byte[] before = bytes();
    SimDisk disk = new SimDisk(fixture.medium, fixture.events, new SimRng(1));
    try {
      return DiskInspection.inspect(disk, fixture.pool, data, lines::add);
    } finally {
      assertThat(Arrays.equals(bytes(), before)).as("the disk is as it was").isTrue();
    }
  }

  private byte[] bytes() {
    byte[] all = new byte[(int) fixture.medium.sizeBytes()];
    fixture.medium.read(0, all);
    return all;
  }

  private String report() {
    return String.join("\n", lines);
  }

  @Test
  void aWholeDiskIsToldOfAsItIs() throws IOException {
    fixture.crash();
    assertThat(inspect(true)).isTrue();
    assertThat(report())
        .contains("superblock A  whole, generation")
        .contains("disk          1122334455667788 of cluster cluster-1, node node-1, pool default")
        .contains("segments      40 of 128 KiB")
        .contains("volume v, replica 7 incarnation 63, 1099511627776 bytes")
        .contains("301 blocks of data")
        .contains("shard 0: 300 blocks of data, 0 lost")
        .contains("shard 1: 1 blocks of data, 0 lost")
        .contains("whole         301 live blocks; damaged: 0 live blocks");
    fixture.open();
    assertThat(fixture.replica("v").mappedBlocks()).isEqualTo(301);
  }

  @Test
  void damagedDataIsNamed() throws IOException {
    fixture.crash();
    fixture.open();
    replica = fixture.replica("v");
    long offset = StoreProbe.offset(replica, 17).orElseThrow();
    fixture.crash();
    fixture.medium.flipBit(offset + 9, 1);
    assertThat(inspect(true)).isFalse();
    assertThat(report()).containsPattern("DAMAGED +segment \\d+, page \\d+: block 17 of replica 1");
    assertThat(inspect(false)).as("without the data").isTrue();
  }

  @Test
  void aDamagedMapIsNamed() throws IOException {
    long offset = StoreProbe.leafOffset(replica, 17).orElseThrow();
    fixture.crash();
    fixture.medium.flipBit(offset + 20, 1);
    assertThat(inspect(true)).isFalse();
    assertThat(report())
        .contains("the map's leaf 0 of replica number 1")
        .contains("shard 0: 236 blocks of data, 64 lost");
  }

  @Test
  void somethingElseIsRefused() {
    fixture.medium = new SimMedium(8 << 20);
    assertThatThrownBy(() -> inspect(true)).hasMessageContaining("not formatted");
    fixture.medium.poke(0, "something".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    assertThatThrownBy(() -> inspect(true)).hasMessageContaining("something else");
    fixture.medium = new SimMedium(4096);
    assertThatThrownBy(() -> inspect(true)).hasMessageContaining("too small");
  }
}
