package io.ashlar.controller;

import static io.ashlar.controller.csi.CsiRequests.delete;
import static io.ashlar.controller.csi.CsiRequests.publish;
import static io.ashlar.controller.csi.CsiRequests.unpublish;
import static io.ashlar.controller.csi.CsiRequests.volumeNamed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.CompareAndSetReply;
import io.ashlar.control.v1.CompareAndSetRequest;
import io.ashlar.control.v1.CoordinatorRef;
import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.Member;
import io.ashlar.control.v1.Membership;
import io.ashlar.control.v1.RecordFormatRequest;
import io.ashlar.control.v1.ReplicaState;
import io.ashlar.control.v1.VolumeView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attachments, coordinators and fences, with the nodes playing coordinator through control/v1. */
final class FailoverTest {
  @TempDir Path folder;
  private TestCluster cluster;
  private String id;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(folder, 3, Duration.ofSeconds(20));
    id = cluster.csi().createVolume(volumeNamed("pvc").build()).getVolume().getVolumeId();
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private VolumeView view() {
    return cluster.node(1).volumes().get(GetVolumeRequest.newBuilder().setVolumeId(id).build());
  }

  private static CoordinatorRef caller(FakeNode node, long instance) {
    return CoordinatorRef.newBuilder()
        .setNodeId(node.id())
        .setStateDirId(node.stateDirId())
        .setInstance(instance)
        .build();
  }

  private CompareAndSetReply swap(
      FakeNode node, CoordinatorRef caller, long revision, Membership next) {
    return node.volumes()
        .compareAndSet(
            CompareAndSetRequest.newBuilder()
                .setVolumeId(id)
                .setExpectedRevision(revision)
                .setCaller(caller)
                .setMembership(next)
                .build());
  }

  private VolumeView openOn(FakeNode node, long instance) {
    VolumeView before = view();
    CoordinatorRef caller = caller(node, instance);
    CompareAndSetReply reply =
        swap(
            node,
            caller,
            before.getRevision(),
            before.getMembership().toBuilder()
                .setCoordinator(caller)
                .setEpoch(before.getMembership().getEpoch() + 1)
                .build());
    assertThat(reply.getSwapped()).isTrue();
    return reply.getVolume();
  }

  @Test
  void aDetachAfterACloseNeedsNoFence() {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    VolumeView open = openOn(cluster.node(1), 5);
    CompareAndSetReply closed =
        swap(
            cluster.node(1),
            caller(cluster.node(1), 5),
            open.getRevision(),
            open.getMembership().toBuilder().clearCoordinator().setSettled(9).build());
    assertThat(closed.getSwapped()).isTrue();

    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));

    assertThat(view().getMembership().hasAttachment()).isFalse();
    assertThat(view().getMembership().getGeneration()).isEqualTo(2);
    assertThat(cluster.nodes()).allMatch(node -> node.fenceCalls() == 0);
  }

  @Test
  void aForcedUnpublishAnswersOnlyWhenTheFenceHolds() {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    VolumeView open = openOn(cluster.node(1), 5);
    cluster.nodes().forEach(node -> node.fencePendingMillis(600));
    long startNanos = System.nanoTime();

    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));

    assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
        .isBetween(Duration.ofMillis(500), Duration.ofSeconds(3));
    Membership now = view().getMembership();
    assertThat(now.hasCoordinator()).isFalse();
    assertThat(now.getEpoch()).isGreaterThan(open.getMembership().getEpoch());
    assertThat(cluster.nodes().stream().flatMap(node -> node.replicas().values().stream()))
        .anyMatch(replica -> replica.getPromisedEpoch() == now.getEpoch());
    assertThatThrownBy(
            () ->
                swap(
                    cluster.node(1),
                    caller(cluster.node(1), 5),
                    view().getRevision(),
                    open.getMembership()))
        .hasMessageStartingWith("FAILED_PRECONDITION");
  }

  @Test
  void publishElsewhereFencesAnUnreachableNodeAndOnlyThat() throws InterruptedException {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    openOn(cluster.node(1), 5);
    assertThatThrownBy(() -> cluster.csi().controllerPublishVolume(publish(id, "node-2")))
        .hasMessageContaining("FAILED_PRECONDITION")
        .hasMessageContaining("node-1");
    cluster.node(1).cut(true);
    Thread.sleep(TestCluster.SILENCE.toMillis() + 300);

    cluster.csi().controllerPublishVolume(publish(id, "node-2"));

    assertThat(view().getMembership().getAttachment().getNodeId()).isEqualTo("node-2");
    assertThat(view().getMembership().getGeneration()).isEqualTo(3);
    assertThat(cluster.node(2).fenceCalls() + cluster.node(3).fenceCalls()).isPositive();
    openOn(cluster.node(2), 6);
  }

  @Test
  void aFenceThatNobodyPromisesSaysSoAndIsJoinedByTheRetry() throws InterruptedException {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    openOn(cluster.node(1), 5);
    cluster.nodes().forEach(node -> node.cut(true));

    assertThatThrownBy(
            () ->
                cluster
                    .csi(Duration.ofMillis(2500))
                    .controllerUnpublishVolume(unpublish(id, "node-1")))
        .hasMessageContaining("UNAVAILABLE")
        .hasMessageContaining("no in-sync member");
    cluster.nodes().forEach(node -> node.cut(false));
    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));

    assertThat(view().getMembership().getGeneration()).isEqualTo(2);
    cluster.csi().deleteVolume(delete(id));
    for (int look = 0; look < 100 && cluster.replicaCount() > 0; look++) {
      Thread.sleep(100);
    }
    assertThat(cluster.replicaCount()).isZero();
  }

  @Test
  void aFenceSurvivesTheControllersDeath() throws IOException {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    openOn(cluster.node(1), 5);
    cluster.nodes().forEach(node -> node.fencePendingMillis(1500));
    assertThatThrownBy(
            () ->
                cluster
                    .csi(Duration.ofMillis(500))
                    .controllerUnpublishVolume(unpublish(id, "node-1")))
        .isNotNull();
    cluster.stopController();
    cluster.startController();

    cluster.csi().controllerPublishVolume(publish(id, "node-2"));

    assertThat(view().getMembership().getAttachment().getNodeId()).isEqualTo("node-2");
    assertThat(cluster.nodes().stream().flatMap(node -> node.replicas().values().stream()))
        .anyMatch(replica -> replica.getPromisedEpoch() >= 4);
  }

  @Test
  void aPromiseAboveTheRecordRaisesTheFence() {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    openOn(cluster.node(1), 5);
    cluster
        .nodes()
        .forEach(
            node ->
                node.replicas()
                    .replaceAll((replica, info) -> info.toBuilder().setPromisedEpoch(40).build()));

    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));

    assertThat(view().getMembership().getEpoch()).isEqualTo(41);
  }

  @Test
  void aLostRaceIsAnAnswerAndAnIllegalChangeIsRefused() {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    VolumeView open = openOn(cluster.node(1), 5);

    CompareAndSetReply late =
        swap(
            cluster.node(1),
            caller(cluster.node(1), 5),
            open.getRevision() - 1,
            open.getMembership());
    assertThat(late.getSwapped()).isFalse();
    assertThat(late.getVolume().getRevision()).isEqualTo(open.getRevision());
    assertThatThrownBy(
            () ->
                swap(
                    cluster.node(2),
                    caller(cluster.node(2), 6),
                    open.getRevision(),
                    open.getMembership().toBuilder()
                        .setCoordinator(caller(cluster.node(2), 6))
                        .setEpoch(open.getMembership().getEpoch() + 1)
                        .build()))
        .hasMessageContaining("FAILED_PRECONDITION")
        .hasMessageContaining("attached to node-1");
  }

  @Test
  void formatGoesForwardOnlyAndNeedsTheGeneration() {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    RecordFormatRequest formatting =
        RecordFormatRequest.newBuilder()
            .setVolumeId(id)
            .setFsType("ext4")
            .setState(FormatState.FORMATTING)
            .setGeneration(1)
            .build();
    assertThatThrownBy(
            () ->
                cluster
                    .node(1)
                    .volumes()
                    .recordFormat(formatting.toBuilder().setGeneration(2).build()))
        .hasMessageContaining("FAILED_PRECONDITION");
    assertThat(cluster.node(1).volumes().recordFormat(formatting).getFormat())
        .isEqualTo(FormatState.FORMATTING);
    assertThat(
            cluster
                .node(1)
                .volumes()
                .recordFormat(formatting.toBuilder().setState(FormatState.FORMATTED).build())
                .getFsType())
        .isEqualTo("ext4");
    assertThatThrownBy(() -> cluster.node(1).volumes().recordFormat(formatting))
        .hasMessageContaining("cannot become FORMATTING");
  }

  @Test
  void theCoordinatorOfAnAttachedVolumeIsToldOfACopyThatWasAdded()
      throws IOException, InterruptedException {
    id =
        cluster
            .csi()
            .createVolume(volumeNamed("four").putParameters("ashlar.io/replicas", "3").build())
            .getVolume()
            .getVolumeId();
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    openOn(cluster.node(1), 5);

    cluster.addNode("late", 8);

    for (int look = 0; look < 150 && !cluster.node(1).calls().contains("open"); look++) {
      Thread.sleep(100);
    }
    assertThat(view().getMembership().getMembersCount()).isEqualTo(4);
    assertThat(cluster.node(1).calls()).contains("open");
  }

  @Test
  void aDetachedVolumeWithAnOutdatedMemberIsRepaired() throws InterruptedException {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    VolumeView open = openOn(cluster.node(1), 5);
    Membership.Builder shrunk =
        open.getMembership().toBuilder()
            .clearCoordinator()
            .setEpoch(open.getMembership().getEpoch() + 1);
    shrunk.getMembersBuilder(0).setState(ReplicaState.OUTDATED);
    assertThat(
            swap(cluster.node(1), caller(cluster.node(1), 5), open.getRevision(), shrunk.build())
                .getSwapped())
        .isTrue();
    cluster.csi().controllerUnpublishVolume(unpublish(id, "node-1"));

    for (int look = 0; look < 100 && !anyCalled("open"); look++) {
      Thread.sleep(100);
    }
    assertThat(anyCalled("open")).isTrue();
  }

  @Test
  void aLostCopyIsReplacedAfterItsGrace() throws IOException, InterruptedException {
    cluster.csi().controllerPublishVolume(publish(id, "node-1"));
    VolumeView open = openOn(cluster.node(1), 5);
    Membership.Builder shrunk =
        open.getMembership().toBuilder().setEpoch(open.getMembership().getEpoch() + 1);
    for (Member.Builder member : shrunk.getMembersBuilderList()) {
      if (member.getNodeId().equals("node-3")) {
        member.setState(ReplicaState.OUTDATED);
      }
    }
    assertThat(
            swap(cluster.node(1), caller(cluster.node(1), 5), open.getRevision(), shrunk.build())
                .getSwapped())
        .isTrue();
    FakeNode spare = cluster.addNode("spare", 8);
    Thread.sleep(500);
    assertThat(spare.replicas()).isEmpty();
    cluster.node(3).cut(true);

    for (int look = 0; look < 100 && spare.replicas().isEmpty(); look++) {
      Thread.sleep(100);
    }
    for (int look = 0; look < 20 && !isMember("spare"); look++) {
      Thread.sleep(100);
    }
    assertThat(view().getMembership().getMembersList())
        .extracting(Member::getNodeId)
        .containsExactlyInAnyOrder("node-1", "node-2", "spare");
    cluster.node(3).cut(false);
    for (int look = 0; look < 100 && !cluster.node(3).replicas().isEmpty(); look++) {
      Thread.sleep(100);
    }
    assertThat(cluster.node(3).replicas()).isEmpty();
  }

  private boolean isMember(String node) {
    return view().getMembership().getMembersList().stream()
        .anyMatch(member -> member.getNodeId().equals(node));
  }

  private boolean anyCalled(String call) {
    return cluster.nodes().stream().anyMatch(node -> node.calls().contains(call));
  }
}
