package io.ashlar.controller;

import static io.ashlar.controller.csi.CsiRequests.MIB;
import static io.ashlar.controller.csi.CsiRequests.delete;
import static io.ashlar.controller.csi.CsiRequests.expand;
import static io.ashlar.controller.csi.CsiRequests.volumeNamed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.ReplicaInfo;
import io.ashlar.control.v1.View;
import io.ashlar.controller.csi.CsiRequests;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.ListVolumesRequest;
import io.ashlar.csi.v1.Volume;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operations that lose their controller, their caller or a node in the middle, and duplicates. */
final class RecoveryTest {
  @TempDir Path folder;
  private TestCluster cluster;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(folder, 3, Duration.ofSeconds(20));
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private static FakeNode.Hook refuse(String call, Status status) {
    return made -> {
      if (made.equals(call)) {
        throw status.asRuntimeException();
      }
    };
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int look = 0; look < 150 && !condition.getAsBoolean(); look++) {
      Thread.sleep(100);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private int listed() {
    return cluster.csi().listVolumes(ListVolumesRequest.getDefaultInstance()).getEntriesCount();
  }

  /** Node 3 fails, so the operation stands after nodes 1 and 2 have done their part. */
  private void interrupted(String call, Runnable operation) throws IOException {
    cluster.node(3).hook(refuse(call, Status.INTERNAL.withDescription("not now")));
    assertThatThrownBy(operation::run).isInstanceOf(StatusRuntimeException.class);
    cluster.stopController();
    cluster.node(3).hook(made -> {});
    cluster.startController();
  }

  @Test
  void aCreationGoesOnAfterARestart() throws IOException, InterruptedException {
    CreateVolumeRequest request = volumeNamed("pvc").build();
    interrupted("create", () -> cluster.csi(Duration.ofMillis(700)).createVolume(request));

    await(() -> listed() == 1);
    Volume volume = cluster.csi().createVolume(request).getVolume();
    assertThat(cluster.replicaCount()).isEqualTo(3);
    assertThat(listed()).isEqualTo(1);
    cluster.csi().deleteVolume(delete(volume.getVolumeId()));
    assertThat(cluster.replicaCount()).isZero();
  }

  @Test
  void aDeletionGoesOnAfterARestart() throws IOException, InterruptedException {
    String id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
    interrupted("delete", () -> cluster.csi(Duration.ofMillis(700)).deleteVolume(delete(id)));

    await(() -> cluster.replicaCount() == 0);
    assertThat(listed()).isZero();
  }

  @Test
  void anExpansionGoesOnAfterARestart() throws IOException, InterruptedException {
    String id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
    interrupted(
        "resize",
        () -> cluster.csi(Duration.ofMillis(700)).controllerExpandVolume(expand(id, 128 * MIB)));

    await(
        () ->
            cluster.nodes().stream()
                .flatMap(node -> node.replicas().values().stream())
                .allMatch(replica -> replica.getSizeBytes() == 128 * MIB));
    assertThat(cluster.csi().controllerExpandVolume(expand(id, 128 * MIB)).getCapacityBytes())
        .isEqualTo(128 * MIB);
  }

  @Test
  void aCallerThatGivesUpIsJoinedByItsRetry() {
    cluster.node(2).hook(refuse("create", Status.INTERNAL.withDescription("not now")));
    CreateVolumeRequest request = volumeNamed("pvc").build();
    assertThatThrownBy(() -> cluster.csi(Duration.ofMillis(700)).createVolume(request))
        .hasMessageContaining("ABORTED")
        .hasMessageContaining("not now");
    cluster.node(2).hook(made -> {});

    assertThat(cluster.csi().createVolume(request).getVolume().getVolumeId()).isNotEmpty();
    assertThat(cluster.replicaCount()).isEqualTo(3);
  }

  @Test
  void parallelDuplicatesGiveOneVolume()
      throws ExecutionException, InterruptedException, IOException {
    List<Volume> volumes = new ArrayList<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Volume>> calls = new ArrayList<>();
      for (int call = 0; call < 20; call++) {
        calls.add(
            callers.submit(
                () -> cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume()));
      }
      for (Future<Volume> call : calls) {
        volumes.add(call.get());
      }
    }
    assertThat(volumes).containsOnly(volumes.getFirst());
    assertThat(cluster.replicaCount()).isEqualTo(3);
    deleteInParallel(volumes.getFirst().getVolumeId());
    assertThat(cluster.replicaCount()).isZero();
  }

  private void deleteInParallel(String id) throws ExecutionException, InterruptedException {
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> calls = new ArrayList<>();
      for (int call = 0; call < 10; call++) {
        calls.add(callers.submit(() -> cluster.csi().deleteVolume(delete(id))));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
  }

  @Test
  void aNodeThatCannotIsReplacedByAnother() throws IOException {
    cluster.addNode("spare", 8);
    for (FakeNode node : List.of(cluster.node(1), cluster.node(2))) {
      node.hook(refuse("create", Status.RESOURCE_EXHAUSTED.withDescription("disk full")));
    }
    cluster.csi().createVolume(volumeNamed("pvc").putParameters("ashlar.io/replicas", "1").build());

    assertThat(cluster.node(3).replicas()).hasSize(1);
    assertThat(cluster.node(4).replicas()).hasSize(1);
  }

  @Test
  void aCreationThatNobodyCanMakeIsUndone() throws InterruptedException {
    cluster
        .nodes()
        .forEach(
            node ->
                node.hook(
                    refuse("create", Status.RESOURCE_EXHAUSTED.withDescription("disk full"))));

    assertThatThrownBy(() -> cluster.csi().createVolume(volumeNamed("pvc").build()))
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("disk full");
    assertThat(listed()).isZero();
    cluster.nodes().forEach(node -> node.hook(made -> {}));
    assertThat(cluster.csi().createVolume(volumeNamed("pvc").build()).hasVolume()).isTrue();
    await(() -> cluster.replicaCount() == 3);
  }

  @Test
  void tooFewNodesMakeADegradedVolumeThatIsCompletedLater()
      throws IOException, InterruptedException {
    CreateVolumeRequest hard =
        volumeNamed("hard")
            .putParameters("ashlar.io/replicas", "3")
            .putParameters("ashlar.io/failure-mode", "hard")
            .build();
    assertThatThrownBy(() -> cluster.csi().createVolume(hard))
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("needs 4 nodes, 3 can");
    cluster
        .csi()
        .createVolume(volumeNamed("soft").putParameters("ashlar.io/replicas", "3").build());
    assertThat(cluster.replicaCount()).isEqualTo(3);

    cluster.addNode("late", 8);
    await(() -> cluster.replicaCount() == 4);
  }

  @Test
  void unreachableNodesAreNamedInTheRefusal() throws InterruptedException {
    cluster.node(1).cut(true);
    cluster.node(2).cut(true);
    Thread.sleep(TestCluster.SILENCE.toMillis() + 300);

    assertThatThrownBy(() -> cluster.csi().createVolume(volumeNamed("pvc").build()))
        .hasMessageContaining("UNAVAILABLE")
        .hasMessageContaining("node-1: unreachable; node-2: unreachable");
    assertThatThrownBy(
            () ->
                cluster
                    .csi()
                    .createVolume(
                        volumeNamed("more").putParameters("ashlar.io/replicas", "5").build()))
        .as("more than there are, whatever comes back")
        .hasMessageContaining("RESOURCE_EXHAUSTED");
  }

  @Test
  void aReplicaLeftOnAnUnreachableNodeIsDeletedWhenItReturns() throws InterruptedException {
    String id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
    cluster.node(3).cut(true);
    Thread.sleep(TestCluster.SILENCE.toMillis() + 300);

    cluster.csi().deleteVolume(delete(id));
    assertThat(cluster.replicaCount()).isEqualTo(1);
    cluster.node(3).cut(false);
    await(() -> cluster.replicaCount() == 0);
  }

  @Test
  void orphansGoAndReplicasOfUnknownVolumesStay() throws IOException, InterruptedException {
    String id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
    View view = cluster.node(1).replicas().values().iterator().next().getView();
    FakeNode extra = cluster.addNode("extra", 8);
    extra.replicas().put(71L, orphan(id, 71, view));
    extra.replicas().put(72L, orphan("vol-00000000000000000000-00000000", 72, view));
    extra
        .replicas()
        .put(73L, orphan(id, 73, view.toBuilder().setLineage(view.getLineage() + 1).build()));

    cluster.stopController();
    cluster.startController();

    await(() -> !extra.replicas().containsKey(71L));
    assertThat(extra.replicas()).containsOnlyKeys(72L, 73L);
    assertThat(cluster.replicaCount()).isEqualTo(5);
  }

  private static ReplicaInfo orphan(String volume, long replica, View view) {
    return ReplicaInfo.newBuilder()
        .setVolumeId(volume)
        .setReplica(replica)
        .setIncarnation(replica)
        .setPromisedEpoch(1)
        .setView(view)
        .build();
  }

  @Test
  void everythingIsThereAfterARestart() throws IOException {
    String id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
    cluster.csi().controllerPublishVolume(CsiRequests.publish(id, "node-1"));
    cluster.stopController();
    cluster.startController();

    var entry = cluster.csi().listVolumes(ListVolumesRequest.getDefaultInstance()).getEntries(0);
    assertThat(entry.getVolume().getVolumeId()).isEqualTo(id);
    assertThat(entry.getStatus().getPublishedNodeIdsList()).containsExactly("node-1");
  }
}
