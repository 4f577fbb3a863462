package io.ashlar.controller.csi;

import static io.ashlar.controller.csi.CsiRequests.MIB;
import static io.ashlar.controller.csi.CsiRequests.block;
import static io.ashlar.controller.csi.CsiRequests.delete;
import static io.ashlar.controller.csi.CsiRequests.expand;
import static io.ashlar.controller.csi.CsiRequests.mount;
import static io.ashlar.controller.csi.CsiRequests.publish;
import static io.ashlar.controller.csi.CsiRequests.range;
import static io.ashlar.controller.csi.CsiRequests.unpublish;
import static io.ashlar.controller.csi.CsiRequests.volumeNamed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.controller.TestCluster;
import io.ashlar.csi.v1.ControllerGetCapabilitiesRequest;
import io.ashlar.csi.v1.ControllerGetVolumeRequest;
import io.ashlar.csi.v1.ControllerPublishVolumeRequest;
import io.ashlar.csi.v1.GetCapacityRequest;
import io.ashlar.csi.v1.ListVolumesRequest;
import io.ashlar.csi.v1.ListVolumesResponse;
import io.ashlar.csi.v1.ProbeRequest;
import io.ashlar.csi.v1.TopologyRequirement;
import io.ashlar.csi.v1.ValidateVolumeCapabilitiesRequest;
import io.ashlar.csi.v1.ValidateVolumeCapabilitiesResponse;
import io.ashlar.csi.v1.Volume;
import io.ashlar.csi.v1.VolumeCapability.AccessMode.Mode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What csi-sanity asserts of a controller, over the real socket, against fake nodes. */
final class ControllerSanityTest {
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

  private static Volume created(String name) {
    return cluster.csi().createVolume(volumeNamed(name).build()).getVolume();
  }

  private static void assertCode(Status.Code code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> {
              assertThat(refused.getStatus().getCode()).isEqualTo(code);
              assertThat(refused.getStatus().getDescription()).isNotBlank();
            });
  }

  @Test
  void probeIsReady() {
    assertThat(cluster.identity().probe(ProbeRequest.getDefaultInstance()).getReady().getValue())
        .isTrue();
  }

  @Test
  void capabilitiesAreKnownOnes() {
    assertThat(
            cluster
                .csi()
                .controllerGetCapabilities(ControllerGetCapabilitiesRequest.getDefaultInstance())
                .getCapabilitiesList())
        .hasSize(9)
        .allSatisfy(capability -> assertThat(capability.getRpc().getTypeValue()).isPositive());
  }

  @Test
  void capacityNeedsNoArguments() {
    assertThat(
            cluster
                .csi()
                .getCapacity(GetCapacityRequest.getDefaultInstance())
                .getAvailableCapacity())
        .isPositive();
    assertThat(capacity("5", "soft")).isZero();
  }

  @Test
  void thereIsRoomForVolumesThatWouldBeCreatedWithFewerCopies() {
    assertThat(capacity("3", "soft")).isPositive().isEqualTo(capacity("2", "soft"));
    assertThat(capacity("5", "2")).isPositive();
    assertThat(capacity("3", "hard")).isZero();
    assertThat(capacity("5", "3")).isZero();
  }

  private static long capacity(String replicas, String failureMode) {
    return cluster
        .csi()
        .getCapacity(
            GetCapacityRequest.newBuilder()
                .putParameters("ashlar.io/replicas", replicas)
                .putParameters("ashlar.io/failure-mode", failureMode)
                .build())
        .getAvailableCapacity();
  }

  @Test
  void sameNameAndSameSizeGiveTheSameVolume() {
    Volume first =
        cluster
            .csi()
            .createVolume(volumeNamed("same").setCapacityRange(range(64 * MIB, 64 * MIB)).build())
            .getVolume();
    Volume second =
        cluster
            .csi()
            .createVolume(volumeNamed("same").setCapacityRange(range(64 * MIB, 64 * MIB)).build())
            .getVolume();

    assertThat(second).isEqualTo(first);
    assertThat(first.getCapacityBytes()).isEqualTo(64 * MIB);
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .createVolume(
                    volumeNamed("same").setCapacityRange(range(128 * MIB, 128 * MIB)).build()));
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .createVolume(
                    volumeNamed("same").putParameters("ashlar.io/failure-mode", "hard").build()));
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .createVolume(
                    volumeNamed("same")
                        .clearVolumeCapabilities()
                        .addVolumeCapabilities(block())
                        .build()));
    cluster.csi().deleteVolume(delete(first.getVolumeId()));
  }

  @Test
  void compressionReachesTheNodesAndIsComparedWhenACreationIsRepeated() {
    Volume volume =
        cluster
            .csi()
            .createVolume(
                volumeNamed("small").putParameters("storageos.com/nocompress", "false").build())
            .getVolume();

    assertThat(
            cluster
                .node(1)
                .volumes()
                .get(GetVolumeRequest.newBuilder().setVolumeId(volume.getVolumeId()).build())
                .getCompression())
        .isEqualTo("lz4");
    assertThat(
            cluster
                .csi()
                .createVolume(
                    volumeNamed("small").putParameters("ashlar.io/compression", "lz4").build())
                .getVolume())
        .isEqualTo(volume);
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .createVolume(
                    volumeNamed("small").putParameters("ashlar.io/compression", "zstd").build()));
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
  }

  @Test
  void aNameUsedAgainGivesAnotherId() {
    Volume first = created("again");
    cluster.csi().deleteVolume(delete(first.getVolumeId()));
    Volume second = created("again");

    assertThat(second.getVolumeId()).isNotEqualTo(first.getVolumeId()).matches("[A-Za-z0-9._-]+");
    cluster.csi().deleteVolume(delete(second.getVolumeId()));
  }

  @Test
  void sizesAreExactWhereTheRangeIsAndHaveADefault() {
    long odd = 64 * MIB + 4096;
    Volume exact =
        cluster
            .csi()
            .createVolume(volumeNamed("exact").setCapacityRange(range(odd, odd)).build())
            .getVolume();
    Volume defaulted =
        cluster.csi().createVolume(volumeNamed("default").clearCapacityRange().build()).getVolume();

    assertThat(exact.getCapacityBytes()).isEqualTo(odd);
    assertThat(defaulted.getCapacityBytes()).isEqualTo(1L << 30);
    cluster.csi().deleteVolume(delete(exact.getVolumeId()));
    cluster.csi().deleteVolume(delete(defaulted.getVolumeId()));
  }

  @Test
  void deletionOfWhatIsNotThereSucceeds() {
    cluster.csi().deleteVolume(delete("fake-vol-id"));
    Volume volume = created("twice-deleted");
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
    assertCode(
        Status.Code.NOT_FOUND,
        () ->
            cluster
                .csi()
                .controllerGetVolume(
                    ControllerGetVolumeRequest.newBuilder()
                        .setVolumeId(volume.getVolumeId())
                        .build()));
  }

  @Test
  void createDeleteLeavesNoReplicas() {
    long before = cluster.replicaCount();
    Volume volume = created("no-leftovers");
    assertThat(cluster.replicaCount()).isEqualTo(before + 3);
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
    assertThat(cluster.replicaCount()).isEqualTo(before);
  }

  @Test
  void publishLooksForVolumeAndNode() {
    Volume volume = created("published");
    String id = volume.getVolumeId();

    assertCode(
        Status.Code.NOT_FOUND,
        () -> cluster.csi().controllerPublishVolume(publish("unknown", "some-fake-node-id")));
    assertCode(
        Status.Code.NOT_FOUND,
        () -> cluster.csi().controllerPublishVolume(publish(id, "some-fake-node-id")));
    assertCode(
        Status.Code.NOT_FOUND,
        () -> cluster.csi().controllerPublishVolume(publish(id, "not a node!")));
    for (int repeat = 0; repeat < 10; repeat++) {
      assertThat(
              cluster.csi().controllerPublishVolume(publish(id, "node-1")).getPublishContextMap())
          .containsEntry(ControllerService.GENERATION, "1");
    }
    assertCode(
        Status.Code.FAILED_PRECONDITION,
        () -> cluster.csi().controllerPublishVolume(publish(id, "node-2")));
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .controllerPublishVolume(
                    publish(id, "node-1").toBuilder()
                        .setVolumeCapability(
                            mount("").toBuilder()
                                .setAccessMode(
                                    io.ashlar.csi.v1.VolumeCapability.AccessMode.newBuilder()
                                        .setMode(Mode.SINGLE_NODE_READER_ONLY)))
                        .build()));
    assertCode(
        Status.Code.ALREADY_EXISTS,
        () ->
            cluster
                .csi()
                .controllerPublishVolume(
                    publish(id, "node-1").toBuilder().setReadonly(true).build()));
    assertCode(Status.Code.FAILED_PRECONDITION, () -> cluster.csi().deleteVolume(delete(id)));
    assertThat(publishedNodes(id)).containsExactly("node-1");
    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-2"));
    assertThat(publishedNodes(id)).containsExactly("node-1");
    cluster.csi().controllerUnpublishVolume(unpublish(id, ""));
    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));
    assertThat(publishedNodes(id)).isEmpty();
    cluster.csi().deleteVolume(delete(id));
    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));
  }

  private static List<String> publishedNodes(String id) {
    return cluster
        .csi()
        .controllerGetVolume(ControllerGetVolumeRequest.newBuilder().setVolumeId(id).build())
        .getStatus()
        .getPublishedNodeIdsList();
  }

  @Test
  void theAttachLimitHolds() throws IOException {
    String small = cluster.addNode("small", 2).id();
    List<String> ids = new ArrayList<>();
    for (int number = 0; number < 3; number++) {
      ids.add(created("limit-" + number).getVolumeId());
    }
    cluster.csi().controllerPublishVolume(publish(ids.get(0), small));
    cluster.csi().controllerPublishVolume(publish(ids.get(1), small));
    assertCode(
        Status.Code.RESOURCE_EXHAUSTED,
        () -> cluster.csi().controllerPublishVolume(publish(ids.get(2), small)));
    for (String id : ids) {
      cluster.csi().controllerUnpublishVolume(unpublish(id, small));
      cluster.csi().deleteVolume(delete(id));
    }
  }

  @Test
  void expansionIsExactAndNeverShrinks() {
    String id = created("expand").getVolumeId();

    var response = cluster.csi().controllerExpandVolume(expand(id, 128 * MIB));
    assertThat(response.getCapacityBytes()).isEqualTo(128 * MIB);
    assertThat(response.getNodeExpansionRequired()).isTrue();
    assertThat(cluster.csi().controllerExpandVolume(expand(id, MIB)).getCapacityBytes())
        .isEqualTo(128 * MIB);
    assertThat(cluster.nodes().stream().flatMap(node -> node.replicas().values().stream()))
        .filteredOn(replica -> replica.getVolumeId().equals(id))
        .allSatisfy(replica -> assertThat(replica.getSizeBytes()).isEqualTo(128 * MIB));
    assertCode(
        Status.Code.OUT_OF_RANGE,
        () ->
            cluster
                .csi()
                .controllerExpandVolume(
                    expand(id, 0).toBuilder().setCapacityRange(range(0, MIB)).build()));
    assertCode(
        Status.Code.NOT_FOUND, () -> cluster.csi().controllerExpandVolume(expand("none", MIB)));
    cluster.csi().deleteVolume(delete(id));
  }

  @Test
  void validationConfirmsWhatIsSupportedOnly() {
    String id = created("validate").getVolumeId();
    ValidateVolumeCapabilitiesRequest request =
        ValidateVolumeCapabilitiesRequest.newBuilder()
            .setVolumeId(id)
            .putVolumeContext("storage.kubernetes.io/csiProvisionerIdentity", "x")
            .addVolumeCapabilities(mount("ext4"))
            .build();

    ValidateVolumeCapabilitiesResponse confirmed =
        cluster.csi().validateVolumeCapabilities(request);
    assertThat(confirmed.getConfirmed().getVolumeCapabilitiesList())
        .isEqualTo(request.getVolumeCapabilitiesList());
    ValidateVolumeCapabilitiesResponse refused =
        cluster
            .csi()
            .validateVolumeCapabilities(
                request.toBuilder().addVolumeCapabilities(mount("btrfs")).build());
    assertThat(refused.hasConfirmed()).isFalse();
    assertThat(refused.getMessage()).contains("btrfs");
    assertCode(
        Status.Code.NOT_FOUND,
        () ->
            cluster
                .csi()
                .validateVolumeCapabilities(request.toBuilder().setVolumeId("none").build()));
    cluster.csi().deleteVolume(delete(id));
  }

  @Test
  void pagesStayGoodWhenTheirLastVolumeIsDeleted() {
    List<String> ids = new ArrayList<>();
    for (int number = 0; number < 5; number++) {
      ids.add(created("page-" + number).getVolumeId());
    }
    ListVolumesResponse all = cluster.csi().listVolumes(ListVolumesRequest.getDefaultInstance());
    assertThat(all.getEntriesList())
        .extracting(entry -> entry.getVolume().getVolumeId())
        .containsAll(ids);
    assertThat(all.getNextToken()).isEmpty();

    ListVolumesResponse first =
        cluster.csi().listVolumes(ListVolumesRequest.newBuilder().setMaxEntries(2).build());
    assertThat(first.getEntriesCount()).isEqualTo(2);
    String last = first.getEntries(1).getVolume().getVolumeId();
    cluster.csi().deleteVolume(delete(last));
    ListVolumesResponse rest =
        cluster
            .csi()
            .listVolumes(
                ListVolumesRequest.newBuilder().setStartingToken(first.getNextToken()).build());

    assertThat(rest.getEntriesCount()).isEqualTo(all.getEntriesCount() - 2);
    ids.forEach(id -> cluster.csi().deleteVolume(delete(id)));
  }

  @Test
  void theFirstCopyIsWhereTheConsumerWillBe() throws IOException {
    String local = cluster.addNode("local", 0).id();
    Volume volume =
        cluster
            .csi()
            .createVolume(
                volumeNamed("local")
                    .putParameters("ashlar.io/replicas", "0")
                    .setAccessibilityRequirements(
                        TopologyRequirement.newBuilder()
                            .addPreferred(
                                io.ashlar.csi.v1.Topology.newBuilder()
                                    .putSegments("topology.ashlar.io/node", local)))
                    .build())
            .getVolume();

    assertThat(cluster.nodes().stream().filter(node -> !node.replicas().isEmpty()))
        .extracting(node -> node.id())
        .contains(local);
    assertThat(volume.getAccessibleTopologyList()).isEmpty();
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
  }

  @Test
  void emptyIdsAreRefusedBeforeAnyLookUp() {
    assertCode(Status.Code.INVALID_ARGUMENT, () -> cluster.csi().deleteVolume(delete("")));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () -> cluster.csi().controllerPublishVolume(publish("", "node-1")));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () -> cluster.csi().controllerPublishVolume(publish("none", "")));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            cluster
                .csi()
                .controllerPublishVolume(
                    ControllerPublishVolumeRequest.newBuilder()
                        .setVolumeId("none")
                        .setNodeId("none")
                        .build()));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () -> cluster.csi().controllerUnpublishVolume(unpublish("", "")));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            cluster
                .csi()
                .controllerExpandVolume(expand("", 0).toBuilder().clearCapacityRange().build()));
    assertCode(
        Status.Code.INVALID_ARGUMENT,
        () ->
            cluster
                .csi()
                .validateVolumeCapabilities(
                    ValidateVolumeCapabilitiesRequest.newBuilder().setVolumeId("x").build()));
    assertCode(
        Status.Code.ABORTED,
        () ->
            cluster
                .csi()
                .listVolumes(
                    ListVolumesRequest.newBuilder().setStartingToken("invalid-token").build()));
  }
}
