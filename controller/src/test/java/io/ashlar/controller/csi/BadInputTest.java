package io.ashlar.controller.csi;

import static io.ashlar.controller.csi.CsiRequests.MIB;
import static io.ashlar.controller.csi.CsiRequests.block;
import static io.ashlar.controller.csi.CsiRequests.mount;
import static io.ashlar.controller.csi.CsiRequests.range;
import static io.ashlar.controller.csi.CsiRequests.volumeNamed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.ashlar.controller.TestCluster;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.ListVolumesRequest;
import io.ashlar.csi.v1.VolumeCapability;
import io.ashlar.csi.v1.VolumeContentSource;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every wrong request is answered with a code and a text that names what is wrong, and leaves
 * nothing.
 */
final class BadInputTest {
  private static final Code INVALID = Code.INVALID_ARGUMENT;
  private static final Code SIZE = Code.OUT_OF_RANGE;

  @TempDir static Path folder;
  private static TestCluster cluster;

  @BeforeAll
  static void start() throws IOException {
    cluster = new TestCluster(folder, 3, Duration.ofSeconds(20));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        bad("no name", volumeNamed(""), INVALID, "name is required"),
        bad("long name", volumeNamed("n".repeat(129)), INVALID, "129 bytes"),
        bad("long name in bytes", volumeNamed("é".repeat(65)), INVALID, "130 bytes"),
        bad("control character", volumeNamed("a\u0007b"), INVALID, "U\\+0007"),
        bad("delete character", volumeNamed("a\u007f"), INVALID, "U\\+007F"),
        bad("C1 character", volumeNamed("a\u009f"), INVALID, "U\\+009F"),
        bad("no capability", volumeNamed("x").clearVolumeCapabilities(), INVALID, "capabilities"),
        bad(
            "empty capability",
            volumeNamed("x").addVolumeCapabilities(VolumeCapability.getDefaultInstance()),
            INVALID,
            "access_type"),
        bad(
            "no access mode",
            volumeNamed("x").addVolumeCapabilities(mount("").toBuilder().clearAccessMode()),
            INVALID,
            "access_mode"),
        bad("block and mount", volumeNamed("x").addVolumeCapabilities(block()), INVALID, "both"),
        bad(
            "two file systems",
            volumeNamed("x").addVolumeCapabilities(mount("xfs")),
            INVALID,
            "one file system"),
        bad(
            "unknown file system",
            volumeNamed("x").clearVolumeCapabilities().addVolumeCapabilities(mount("ntfs")),
            INVALID,
            "ntfs"),
        bad(
            "many nodes",
            volumeNamed("x")
                .clearVolumeCapabilities()
                .addVolumeCapabilities(
                    mount("").toBuilder()
                        .setAccessMode(
                            VolumeCapability.AccessMode.newBuilder()
                                .setMode(
                                    VolumeCapability.AccessMode.Mode.MULTI_NODE_MULTI_WRITER))),
            INVALID,
            "MULTI_NODE_MULTI_WRITER"),
        sized("negative size", -1, 0, INVALID, "negative"),
        sized("negative limit", 0, -1, INVALID, "negative"),
        sized("limit below size", 2 * MIB, MIB, INVALID, "more than limit_bytes"),
        sized("below ext4", MIB, 0, SIZE, "too small"),
        sized("below ext4 by limit", 0, MIB, SIZE, "no multiple|too small"),
        sized("huge", (1L << 50) + 1, 0, SIZE, "largest volume"),
        sized("largest long", Long.MAX_VALUE, 0, SIZE, "largest volume"),
        sized("not aligned", 64 * MIB + 1, 64 * MIB + 1, SIZE, "no multiple of 4096"),
        bad(
            "below xfs",
            volumeNamed("x")
                .clearVolumeCapabilities()
                .addVolumeCapabilities(mount("xfs"))
                .setCapacityRange(range(299 * MIB, 0)),
            SIZE,
            "too small"),
        parameter(
            "ashlar.io/unheard-of",
            "1",
            "known are.*compression, failure-mode, nocompress, replicas"),
        parameter("storageos.com/unheard-of", "1", "known are"),
        parameter("replicas", "1", "'replicas' is not known"),
        parameter("ashlar.io/encryption", "true", "not available yet"),
        parameter("storageos.com/topology-aware", "true", "not available yet"),
        parameter("ashlar.io/compression", "brotli", "want lz4, zstd or none"),
        parameter("storageos.com/nocompress", "maybe", "want true or false"),
        parameter("ashlar.io/replicas", "6", "0 to 5"),
        parameter("ashlar.io/replicas", "-1", "0 to 5"),
        parameter("ashlar.io/replicas", "two", "0 to 5"),
        parameter("ashlar.io/failure-mode", "gentle", "soft, hard, alwayson"),
        parameter("ashlar.io/failure-mode", "3", "needs 4 copies"),
        parameter("csi.storage.k8s.io/pvc/name", "p".repeat(5000), "at most 4096"),
        bad("mutable", volumeNamed("x").putMutableParams("XXX_FakeKey", "1"), INVALID, "XXX_Fake"),
        bad(
            "content source",
            volumeNamed("x").setVolumeContentSource(VolumeContentSource.getDefaultInstance()),
            INVALID,
            "volume_content_source"));
  }

  private static Arguments bad(
      String title, CreateVolumeRequest.Builder request, Code code, String text) {
    return arguments(title, request.build(), code, text);
  }

  private static Arguments sized(String title, long required, long limit, Code code, String text) {
    return bad(title, volumeNamed("x").setCapacityRange(range(required, limit)), code, text);
  }

  private static Arguments parameter(String key, String value, String text) {
    return bad(
        key + "=" + value.length(), volumeNamed("x").putParameters(key, value), INVALID, text);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrong")
  void isRefusedWithCodeAndText(String title, CreateVolumeRequest request, Code code, String text) {
    assertThatThrownBy(() -> cluster.csi().createVolume(request))
        .as(title)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> {
              assertThat(refused.getStatus().getCode()).isEqualTo(code);
              assertThat(refused.getStatus().getDescription()).containsPattern(text);
            });
    assertThat(cluster.replicaCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "tab\tand\nnewline\r",
        "ünïcødé 名前 🙂",
        "../../etc/passwd",
        "'; DROP TABLE record; --",
        "%s%n%x",
        " "
      })
  void namesOfEveryAllowedKindWork(String name) {
    assertCreatedAndDeleted(name);
  }

  @Test
  void namesOf128BytesWork() {
    assertCreatedAndDeleted("n".repeat(128));
    assertCreatedAndDeleted("é".repeat(64));
  }

  private static void assertCreatedAndDeleted(String name) {
    String id = cluster.csi().createVolume(volumeNamed(name).build()).getVolume().getVolumeId();
    assertThat(id).matches("[A-Za-z0-9._-]{1,64}");
    cluster.csi().deleteVolume(CsiRequests.delete(id));
    assertThat(cluster.replicaCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"invalid-token", "after-", "after-xyz", "0", "after-0123456789abcdef012"})
  void badTokensAreAborted(String token) {
    assertThatThrownBy(
            () ->
                cluster
                    .csi()
                    .listVolumes(ListVolumesRequest.newBuilder().setStartingToken(token).build()))
        .hasMessageStartingWith("ABORTED: starting_token");
  }

  @Test
  void negativePagesAreRefused() {
    assertThatThrownBy(
            () ->
                cluster
                    .csi()
                    .listVolumes(ListVolumesRequest.newBuilder().setMaxEntries(-1).build()))
        .hasMessageStartingWith("INVALID_ARGUMENT: max_entries");
  }

  @Test
  void aliasesWorkAndLoseAgainstOurs() {
    String id =
        cluster
            .csi()
            .createVolume(
                volumeNamed("alias")
                    .clearParameters()
                    .putParameters("storageos.com/replicas", "0")
                    .putParameters("csi.storage.k8s.io/pvc/name", "claim")
                    .build())
            .getVolume()
            .getVolumeId();
    assertThat(cluster.replicaCount()).isEqualTo(1);
    cluster.csi().deleteVolume(CsiRequests.delete(id));
    String both =
        cluster
            .csi()
            .createVolume(
                volumeNamed("alias")
                    .putParameters("storageos.com/replicas", "0")
                    .putParameters("ashlar.io/replicas", "1")
                    .build())
            .getVolume()
            .getVolumeId();
    assertThat(cluster.replicaCount()).isEqualTo(2);
    cluster.csi().deleteVolume(CsiRequests.delete(both));
  }
}
