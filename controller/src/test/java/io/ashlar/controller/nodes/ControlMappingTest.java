package io.ashlar.controller.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeSpec;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What nodes are told of a record. */
final class ControlMappingTest {
  @ParameterizedTest
  @CsvSource({"NONE,none", "LZ4,lz4", "ZSTD,zstd"})
  void aViewSaysWhatWasAskedFor(Compression compression, String text) {
    VolumeSpec spec =
        new VolumeSpec(
            "pvc",
            4096,
            2,
            FailureMode.HARD,
            compression,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of());
    Member member = new Member(-5, new NodeId("node-1"), "default", 7, ReplicaState.EMPTY, 0, 0);
    VolumeRecord record =
        VolumeRecord.wanted(VolumeKeys.newId("pvc", 7), spec, -1, List.of(member)).created();

    VolumeView view = ControlMapping.volume(new Versioned<>("key", record, 3), node -> "");

    assertThat(view.getCompression()).isEqualTo(text);
    assertThat(view.getReplicas()).isEqualTo(2);
    assertThat(view.getFailureMode()).isEqualTo("hard");
    assertThat(view.getSizeBytes()).isEqualTo(4096);
    assertThat(view.getRevision()).isEqualTo(3);
  }
}
