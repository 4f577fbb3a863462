package io.ashlar.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a node reads of a controller's view of a volume. */
final class ControlMappingTest {
  private static VolumeView.Builder message() {
    return VolumeView.newBuilder()
        .setVolumeId("v")
        .setRevision(3)
        .setSizeBytes(4096)
        .setReplicas(2)
        .setFailureMode("hard");
  }

  @ParameterizedTest
  @CsvSource({"none,NONE", "lz4,LZ4", "zstd,ZSTD", "'',NONE"})
  void compressionIsReadAndNoneIfAnOlderControllerSaysNothing(String text, Compression wanted) {
    var view = ControlMapping.view(message().setCompression(text).build());

    assertThat(view.compression()).isEqualTo(wanted);
    assertThat(view.failureMode()).isEqualTo(FailureMode.HARD);
  }

  @Test
  void compressionThatIsNotKnownIsRefused() {
    assertThatThrownBy(() -> ControlMapping.view(message().setCompression("brotli").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'brotli'");
  }
}
