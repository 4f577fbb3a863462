package io.ashlar.controller.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.model.Attachment;
import io.ashlar.model.Compression;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class RecordCodecTest {
  private static final NodeId NODE = new NodeId("node-1");

  @Test
  void aRecordWithEverythingComesBackEqual() {
    VolumeUse use = new VolumeUse(false, "ext4", "SINGLE_NODE_WRITER");
    VolumeSpec spec =
        new VolumeSpec(
            "pvc-ü",
            1L << 40,
            2,
            FailureMode.HARD,
            Compression.ZSTD,
            new TreeMap<>(Map.of("ashlar.io/replicas", "1")),
            new TreeMap<>(Map.of("ashlar.io/replicas", "2")),
            List.of(use));
    Member member = new Member(-5, NODE, "default", Long.MIN_VALUE, ReplicaState.EMPTY, 0, 0);
    VolumeRecord record =
        VolumeRecord.wanted(VolumeKeys.newId("pvc-ü", 7), spec, -1, List.of(member))
            .created()
            .attached(new Attachment(NODE, "boot"), use, true)
            .expanding(1L << 41)
            .withFormat(FormatState.FORMATTED, "ext4");
    record =
        record.withMembership(
            record.membership().withCoordinator(Optional.of(new CoordinatorRef(NODE, 1, -2))));
    RecordCodec<VolumeRecord> codec = new RecordCodec<>(VolumeRecord.class);

    assertThat(codec.read(codec.write(record))).isEqualTo(record);
    assertThat(codec.write(record)).contains("\"node\":\"node-1\"").doesNotContain("visible");
  }

  /** As the release before compression wrote it; such volumes are there and stay as they are. */
  @Test
  void aSpecFromBeforeCompressionHasNone() {
    RecordCodec<VolumeSpec> codec = new RecordCodec<>(VolumeSpec.class);
    String old =
        """
        {"name":"pvc","sizeBytes":4096,"replicas":1,"failureMode":{"kind":"SOFT","tolerance":0},\
        "parameters":{"ashlar.io/replicas":"1"},"labels":{},\
        "uses":[{"block":false,"fsType":"ext4","accessMode":"SINGLE_NODE_WRITER"}]}\
        """;
    VolumeSpec spec =
        new VolumeSpec(
            "pvc",
            4096,
            1,
            FailureMode.SOFT,
            Compression.NONE,
            new TreeMap<>(Map.of("ashlar.io/replicas", "1")),
            new TreeMap<>(),
            List.of(new VolumeUse(false, "ext4", "SINGLE_NODE_WRITER")));

    assertThat(codec.read(old)).isEqualTo(spec);
    assertThat(codec.write(spec))
        .isEqualTo(old.replace("\"parameters\"", "\"compression\":\"NONE\",\"parameters\""));
  }

  @Test
  void aGrownVolumeIsStoredAsBefore() {
    VolumeSpec spec =
        new VolumeSpec(
            "pvc",
            4096,
            1,
            FailureMode.SOFT,
            Compression.LZ4,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of());

    assertThat(spec.withSizeBytes(8192).compression()).isEqualTo(Compression.LZ4);
  }

  @Test
  void unknownFieldsAreRefused() {
    RecordCodec<Grave> codec = new RecordCodec<>(Grave.class);
    Grave grave = new Grave(VolumeKeys.newId("a", 1), 1, 2, NODE);
    String text = codec.write(grave);

    assertThat(codec.read(text)).isEqualTo(grave);
    assertThatThrownBy(() -> codec.read(text.replace("{", "{\"newer\":1,")))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void idsAreFoundByTheirKeyAndForeignOnesAreNot() {
    String id = VolumeKeys.newId("pvc-1", -1).value();

    assertThat(VolumeKeys.ofId(id)).contains(VolumeKeys.ofName("pvc-1"));
    assertThat(VolumeKeys.ofId("fake-vol-id")).isEmpty();
    assertThat(VolumeKeys.ofId(id + "^")).isEmpty();
  }
}
