package io.ashlar.controller.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.model.Compression;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a class and a claim say together, above all with two words for the same thing. */
final class ParametersTest {
  private static final Map<String, String> NOTHING = Map.of();

  private static Compression compression(
      Map<String, String> parameters, Map<String, String> labels) {
    return Parameters.of(Parameters.ofClass(parameters), Parameters.ofClaim(labels)).compression();
  }

  private static void assertRefused(Map<String, String> parameters, String text) {
    assertThatThrownBy(() -> compression(parameters, NOTHING))
        .isInstanceOfSatisfying(
            RefusedException.class,
            refused -> assertThat(refused.kind()).isEqualTo(RefusedException.Kind.INVALID))
        .hasMessageContaining(text);
  }

  @Test
  void nothingIsCompressedUnlessSomebodyAsks() {
    assertThat(compression(NOTHING, NOTHING)).isEqualTo(Compression.NONE);
  }

  @ParameterizedTest
  @CsvSource({
    "ashlar.io/compression,lz4,LZ4",
    "ashlar.io/compression,zstd,ZSTD",
    "ashlar.io/compression,none,NONE",
    "storageos.com/compression,zstd,ZSTD",
    "ashlar.io/nocompress,false,LZ4",
    "ashlar.io/nocompress,true,NONE",
    "storageos.com/nocompress,false,LZ4"
  })
  void bothKeysAreReadInBothSpellings(String key, String value, Compression wanted) {
    assertThat(compression(Map.of(key, value), NOTHING)).isEqualTo(wanted);
    assertThat(compression(NOTHING, Map.of(key, value))).isEqualTo(wanted);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "LZ4", "brotli", "true"})
  void otherCompressionIsRefused(String value) {
    assertRefused(
        Map.of("ashlar.io/compression", value),
        "'ashlar.io/compression' is '" + value + "': want lz4, zstd or none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "True", "lz4"})
  void otherNocompressIsRefused(String value) {
    assertRefused(
        Map.of("storageos.com/nocompress", value),
        "'ashlar.io/nocompress' is '" + value + "': want true or false");
  }

  @Test
  void oursWinsAgainstTheAliasInTheSamePlace() {
    assertThat(
            compression(
                Map.of("ashlar.io/compression", "zstd", "storageos.com/compression", "lz4"),
                NOTHING))
        .isEqualTo(Compression.ZSTD);
    assertThat(
            compression(
                Map.of("ashlar.io/nocompress", "true", "storageos.com/nocompress", "false"),
                NOTHING))
        .isEqualTo(Compression.NONE);
  }

  @ParameterizedTest
  @CsvSource({"false,lz4,LZ4", "false,zstd,ZSTD", "true,none,NONE"})
  void bothKeysTogetherMayAgree(String nocompress, String kind, Compression wanted) {
    Map<String, String> both =
        Map.of("storageos.com/nocompress", nocompress, "ashlar.io/compression", kind);
    assertThat(compression(both, NOTHING)).isEqualTo(wanted);
    assertThat(compression(NOTHING, both)).isEqualTo(wanted);
  }

  @ParameterizedTest
  @CsvSource({"true,lz4", "true,zstd", "false,none"})
  void bothKeysTogetherMayNotDisagree(String nocompress, String kind) {
    Map<String, String> both =
        Map.of("ashlar.io/nocompress", nocompress, "ashlar.io/compression", kind);
    String text =
        "'ashlar.io/nocompress' is '%s' and 'ashlar.io/compression' is '%s'"
            .formatted(nocompress, kind);
    assertRefused(both, "parameter " + text);
    assertThatThrownBy(() -> Parameters.ofClaim(both)).hasMessageContaining("label " + text);
  }

  @Test
  void aBadKindIsNamedThoughNocompressIsThereToo() {
    assertRefused(
        Map.of("ashlar.io/nocompress", "true", "ashlar.io/compression", "brotli"),
        "want lz4, zstd or none");
  }

  @ParameterizedTest
  @CsvSource({
    "compression,zstd,compression,lz4,LZ4",
    "compression,zstd,compression,none,NONE",
    "compression,zstd,nocompress,true,NONE",
    "compression,zstd,nocompress,false,LZ4",
    "nocompress,true,compression,zstd,ZSTD",
    "nocompress,false,compression,none,NONE",
    "nocompress,false,nocompress,true,NONE"
  })
  void theClaimWinsAgainstTheClassWithEitherKey(
      String ofClass, String said, String ofClaim, String label, Compression wanted) {
    assertThat(
            compression(
                Map.of("ashlar.io/" + ofClass, said), Map.of("storageos.com/" + ofClaim, label)))
        .isEqualTo(wanted);
  }

  @Test
  void theTwoKeysAreTheSameWishWhenACreationIsRepeated() {
    assertThat(Parameters.ofClass(Map.of("storageos.com/nocompress", "false")))
        .isEqualTo(Parameters.ofClass(Map.of("ashlar.io/compression", "lz4")));
  }
}
