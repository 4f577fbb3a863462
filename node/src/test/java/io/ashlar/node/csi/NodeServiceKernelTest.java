package io.ashlar.node.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.FormatState;
import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.csi.server.CsiServer;
import io.ashlar.csi.v1.NodeExpandVolumeRequest;
import io.ashlar.csi.v1.NodeGetCapabilitiesRequest;
import io.ashlar.csi.v1.NodeGetInfoRequest;
import io.ashlar.csi.v1.NodeGetInfoResponse;
import io.ashlar.csi.v1.NodeGetVolumeStatsRequest;
import io.ashlar.csi.v1.NodeGrpc;
import io.ashlar.csi.v1.NodePublishVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeUnpublishVolumeRequest;
import io.ashlar.csi.v1.NodeUnstageVolumeRequest;
import io.ashlar.csi.v1.VolumeCapability;
import io.ashlar.csi.v1.VolumeCapability.AccessMode.Mode;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.node.mount.ChildProcess;
import io.ashlar.node.mount.MountTable;
import io.ashlar.node.mount.Mounter;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The service on its Unix socket with real mounts, over loop devices on files: what csi-sanity asks
 * of a node, formatting rules, and bad input. Needs root.
 */
@Tag("kernel")
final class NodeServiceKernelTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long MIB = 1L << 20;
  private static final String ID = "vol-1";

  @TempDir Path folder;

  private final EventLoopGroup clientLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private LoopFileAttacher attacher;
  private NodeService service;
  private CsiServer server;
  private ManagedChannel channel;
  private NodeGrpc.NodeBlockingStub node;

  @BeforeEach
  void start() throws IOException {
    attacher = new LoopFileAttacher(folder.resolve("volumes"));
    service =
        new NodeService(
            CsiNodeOptions.of(new NodeId("node-1"), attacher.deviceDir(), Map.of("zone", "a"), 8),
            attacher);
    Path socket = folder.resolve("csi.sock");
    server =
        new CsiServer(
                CsiEndpoint.parse(socket.toString()),
                List.of(service),
                new CallInterceptor(new StatusMapper(), CallObserver.NONE))
            .start();
    channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(clientLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    node = NodeGrpc.newBlockingStub(channel);
    attacher.create(ID, 64 * MIB);
    Files.createDirectory(staging());
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    server.close();
    service.close();
    Mounter mounter = new Mounter(LIMIT);
    for (var entry : MountTable.read().under(folder)) {
      mounter.unmountDead(Path.of(entry.mountPoint()));
    }
    attacher.detachAll();
  }

  private Path staging() {
    return folder.resolve("staging");
  }

  private Path target() {
    return folder.resolve("target");
  }

  private static VolumeCapability mount(String fsType, Mode mode) {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.newBuilder().setFsType(fsType))
        .setAccessMode(VolumeCapability.AccessMode.newBuilder().setMode(mode))
        .build();
  }

  private static VolumeCapability block() {
    return mount("", Mode.SINGLE_NODE_WRITER).toBuilder()
        .setBlock(VolumeCapability.BlockVolume.getDefaultInstance())
        .build();
  }

  private NodeStageVolumeRequest stage(VolumeCapability capability) {
    return NodeStageVolumeRequest.newBuilder()
        .setVolumeId(ID)
        .setStagingTargetPath(staging().toString())
        .setVolumeCapability(capability)
        .build();
  }

  private NodePublishVolumeRequest publish(VolumeCapability capability, Path target) {
    return NodePublishVolumeRequest.newBuilder()
        .setVolumeId(ID)
        .setStagingTargetPath(staging().toString())
        .setTargetPath(target.toString())
        .setVolumeCapability(capability)
        .build();
  }

  private void unpublish(Path target) {
    node.nodeUnpublishVolume(
        NodeUnpublishVolumeRequest.newBuilder()
            .setVolumeId(ID)
            .setTargetPath(target.toString())
            .build());
  }

  private void unstage() {
    node.nodeUnstageVolume(
        NodeUnstageVolumeRequest.newBuilder()
            .setVolumeId(ID)
            .setStagingTargetPath(staging().toString())
            .build());
  }

  private NodeGetVolumeStatsRequest stats(String id, String path) {
    return NodeGetVolumeStatsRequest.newBuilder().setVolumeId(id).setVolumePath(path).build();
  }

  private NodeExpandVolumeRequest expand(String id, String path) {
    return NodeExpandVolumeRequest.newBuilder().setVolumeId(id).setVolumePath(path).build();
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void refused(Status.Code code, String text, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            status -> {
              assertThat(status.getStatus().getCode()).as(status.getMessage()).isEqualTo(code);
              assertThat(status.getMessage()).contains(text);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs"})
  void wholePathOfAFileSystemTenTimesOver(String fsType) throws IOException {
    attacher.create(ID, 320 * MIB);
    VolumeCapability capability = mount(fsType, Mode.SINGLE_NODE_WRITER);
    for (int i = 0; i < 10; i++) {
      node.nodeStageVolume(stage(capability));
    }
    for (int i = 0; i < 10; i++) {
      node.nodePublishVolume(publish(capability, target()));
    }
    Files.writeString(target().resolve("file"), "kept");
    assertThat(node.nodeGetVolumeStats(stats(ID, target().toString())).getUsageList())
        .hasSize(2)
        .allSatisfy(usage -> assertThat(usage.getTotal()).isPositive());
    unpublish(target());
    unpublish(target());
    assertThat(target()).doesNotExist();
    unstage();
    unstage();
    assertThat(staging()).isEmptyDirectory();
    assertThat(attacher.records.get(ID).getFormat()).isEqualTo(FormatState.FORMATTED);

    node.nodeStageVolume(stage(capability));
    assertThat(staging().resolve("file")).hasContent("kept");
    unstage();
  }

  @Test
  void wholePathOfABlockVolume() throws IOException {
    node.nodeStageVolume(stage(block()));
    node.nodeStageVolume(stage(block()));
    node.nodePublishVolume(publish(block(), target()));
    node.nodePublishVolume(publish(block(), target()));
    assertThat(node.nodeGetVolumeStats(stats(ID, target().toString())).getUsage(0).getTotal())
        .isEqualTo(64 * MIB);
    ChildProcess.require(
        LIMIT, List.of("dd", "if=" + target(), "of=/dev/null", "bs=1M", "count=1"));
    attacher.expand(ID, 80 * MIB);
    assertThat(node.nodeExpandVolume(expand(ID, target().toString())).getCapacityBytes())
        .isEqualTo(80 * MIB);
    refused(Status.Code.FAILED_PRECONDITION, "still published", this::unstage);
    unpublish(target());
    assertThat(target()).doesNotExist();
    unstage();
    assertThat(staging()).isEmptyDirectory();
  }

  @Test
  void xfsGrowsWhilePublishedAndExt4WhenStagedAgain() throws IOException {
    attacher.create(ID, 320 * MIB);
    VolumeCapability xfs = mount("xfs", Mode.SINGLE_NODE_WRITER);
    node.nodeStageVolume(stage(xfs));
    node.nodePublishVolume(publish(xfs, target()));
    attacher.expand(ID, 640 * MIB);
    node.nodeExpandVolume(expand(ID, target().toString()));
    assertThat(node.nodeGetVolumeStats(stats(ID, target().toString())).getUsage(0).getTotal())
        .isGreaterThan(500 * MIB);
    unpublish(target());
    unstage();

    Files.delete(attacher.file(ID));
    attacher.create(ID, 64 * MIB);
    VolumeCapability ext4 = mount("ext4", Mode.SINGLE_NODE_WRITER);
    node.nodeStageVolume(stage(ext4));
    unstage();
    attacher.expand(ID, 128 * MIB);
    node.nodeStageVolume(stage(ext4));
    assertThat(node.nodeGetVolumeStats(stats(ID, staging().toString())).getUsage(0).getTotal())
        .isGreaterThan(100 * MIB);
    unstage();
  }

  @Test
  void singleWriterHasOneTargetAndTheOtherIsNotLeftBehind() {
    VolumeCapability single = mount("", Mode.SINGLE_NODE_SINGLE_WRITER);
    Path other = folder.resolve("other");
    node.nodeStageVolume(stage(single));
    node.nodePublishVolume(publish(single, target()));
    refused(
        Status.Code.FAILED_PRECONDITION,
        "single writer",
        () -> node.nodePublishVolume(publish(single, other)));
    assertThat(other).doesNotExist();
    unpublish(target());

    VolumeCapability several = mount("", Mode.SINGLE_NODE_WRITER);
    node.nodePublishVolume(publish(several, target()));
    node.nodePublishVolume(publish(several, other));
    refused(
        Status.Code.ALREADY_EXISTS,
        "another way",
        () ->
            node.nodePublishVolume(publish(several, other).toBuilder().setReadonly(true).build()));
    unpublish(target());
    unpublish(other);
    unstage();
  }

  @Test
  void readOnlyPublicationRefusesWrites() {
    VolumeCapability capability = mount("", Mode.SINGLE_NODE_WRITER);
    node.nodeStageVolume(stage(capability));
    node.nodePublishVolume(publish(capability, target()).toBuilder().setReadonly(true).build());
    assertThatThrownBy(() -> Files.writeString(target().resolve("f"), "x"))
        .hasMessageContaining("Read-only");
    unpublish(target());
    unstage();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs"})
  void volumePublishedReadOnlyIsNeverWrittenTo(String fsType) throws IOException {
    attacher.create(ID, 320 * MIB);
    VolumeCapability capability = mount(fsType, Mode.SINGLE_NODE_WRITER);
    attacher.publish(ID, true);
    refused(
        Status.Code.FAILED_PRECONDITION,
        "has no file system and is to be mounted read-only",
        () -> node.nodeStageVolume(stage(capability)));
    attacher.publish(ID, false);
    node.nodeStageVolume(stage(capability));
    Files.writeString(staging().resolve("f"), "x");
    unstage();

    attacher.publish(ID, true);
    node.nodeStageVolume(stage(capability));
    node.nodeStageVolume(stage(capability));
    node.nodePublishVolume(publish(capability, target()));
    node.nodePublishVolume(publish(capability, target()));
    assertThat(Files.readString(target().resolve("f"))).isEqualTo("x");
    assertThatThrownBy(() -> Files.writeString(target().resolve("g"), "x"))
        .hasMessageContaining("Read-only");
    unpublish(target());
    unstage();
  }

  @Test
  void nothingIsFormattedWithoutEveryProof() throws IOException {
    VolumeCapability capability = mount("ext4", Mode.SINGLE_NODE_WRITER);
    attacher.unmapped = false;
    refused(
        Status.Code.FAILED_PRECONDITION,
        "copies hold data",
        () -> node.nodeStageVolume(stage(capability)));
    attacher.unmapped = true;
    try (RandomAccessFile file = new RandomAccessFile(attacher.file(ID).toFile(), "rw")) {
      file.seek(64 * MIB - 4096);
      file.write(7);
    }
    refused(
        Status.Code.FAILED_PRECONDITION,
        "read as zeros",
        () -> node.nodeStageVolume(stage(capability)));
    attacher.format(ID, FormatState.FORMATTED);
    refused(
        Status.Code.FAILED_PRECONDITION,
        "not formatted again",
        () -> node.nodeStageVolume(stage(capability)));
    assertThat(attacher.find(new VolumeId(ID))).isEmpty();

    attacher.format(ID, FormatState.FORMATTING);
    node.nodeStageVolume(stage(capability));
    assertThat(attacher.records.get(ID).getFormat()).isEqualTo(FormatState.FORMATTED);
    unstage();
    refused(
        Status.Code.FAILED_PRECONDITION,
        "holds ext4, not xfs",
        () -> node.nodeStageVolume(stage(mount("xfs", Mode.SINGLE_NODE_WRITER))));
  }

  @Test
  void missingFieldsAreInvalidBeforeAnyLookUp() {
    VolumeCapability capability = mount("", Mode.SINGLE_NODE_WRITER);
    Status.Code invalid = Status.Code.INVALID_ARGUMENT;
    refused(
        invalid,
        "volume_id",
        () -> node.nodeStageVolume(stage(capability).toBuilder().clearVolumeId().build()));
    refused(
        invalid,
        "staging_target_path",
        () -> node.nodeStageVolume(stage(capability).toBuilder().clearStagingTargetPath().build()));
    refused(
        invalid,
        "volume_capability",
        () -> node.nodeStageVolume(stage(capability).toBuilder().clearVolumeCapability().build()));
    refused(
        invalid,
        "target_path",
        () ->
            node.nodePublishVolume(
                publish(capability, target()).toBuilder().clearTargetPath().build()));
    refused(
        invalid,
        "volume_capability",
        () ->
            node.nodePublishVolume(
                publish(capability, target()).toBuilder()
                    .setVolumeId("unknown")
                    .clearVolumeCapability()
                    .build()));
    refused(invalid, "volume_id", () -> node.nodeGetVolumeStats(stats("", "some/path")));
    refused(invalid, "volume_path", () -> node.nodeGetVolumeStats(stats(ID, "")));
    refused(invalid, "volume_id", () -> node.nodeExpandVolume(expand("", "x")));
    refused(invalid, "volume_path", () -> node.nodeExpandVolume(expand(ID, "")));
  }

  @Test
  void unknownVolumesAndPathsAreNotFoundOrDone() {
    Status.Code notFound = Status.Code.NOT_FOUND;
    refused(notFound, "", () -> node.nodeGetVolumeStats(stats("unknown", "some/path")));
    refused(notFound, "", () -> node.nodeGetVolumeStats(stats("§ no id", "some/path")));
    refused(notFound, "", () -> node.nodeGetVolumeStats(stats(ID, "some/path")));
    refused(notFound, "", () -> node.nodeExpandVolume(expand("unknown", "some/path")));
    refused(
        notFound,
        "",
        () -> node.nodeStageVolume(stage(block()).toBuilder().setVolumeId("unknown").build()));
    node.nodeUnpublishVolume(
        NodeUnpublishVolumeRequest.newBuilder()
            .setVolumeId("unknown")
            .setTargetPath(folder.resolve("nothing").toString())
            .build());
    node.nodeUnstageVolume(
        NodeUnstageVolumeRequest.newBuilder()
            .setVolumeId("unknown")
            .setStagingTargetPath(folder.resolve("nothing").toString())
            .build());
  }

  @Test
  void wrongPathsAreRefusedAndLeftAlone() throws IOException {
    VolumeCapability capability = mount("", Mode.SINGLE_NODE_WRITER);
    Path file = Files.writeString(folder.resolve("a file"), "content");
    Status.Code state = Status.Code.FAILED_PRECONDITION;
    refused(
        state,
        "no directory",
        () ->
            node.nodeStageVolume(
                stage(capability).toBuilder().setStagingTargetPath(file.toString()).build()));
    refused(
        state,
        "no directory",
        () ->
            node.nodeStageVolume(
                stage(capability).toBuilder()
                    .setStagingTargetPath(folder.resolve("missing").toString())
                    .build()));
    refused(state, "not staged", () -> node.nodePublishVolume(publish(capability, target())));
    node.nodeStageVolume(stage(capability));
    refused(state, "FILE", () -> node.nodePublishVolume(publish(capability, file)));
    refused(
        state,
        "does not exist",
        () -> node.nodePublishVolume(publish(capability, folder.resolve("no/target"))));
    unpublish(file);
    assertThat(file).hasContent("content");
    Path foreign = Files.createDirectory(folder.resolve("foreign"));
    ChildProcess.require(LIMIT, List.of("mount", "-t", "tmpfs", "other", foreign.toString()));
    refused(
        Status.Code.ALREADY_EXISTS,
        "something else",
        () -> node.nodePublishVolume(publish(capability, foreign)));
    refused(state, "something else", () -> unpublish(foreign));
    assertThat(MountTable.read().isMounted(foreign)).isTrue();
    refused(
        Status.Code.ALREADY_EXISTS,
        "something else",
        () ->
            node.nodeStageVolume(
                stage(capability).toBuilder().setStagingTargetPath(foreign.toString()).build()));
    unstage();
  }

  @Test
  void infoAndCapabilitiesAreComplete() {
    NodeGetInfoResponse info = node.nodeGetInfo(NodeGetInfoRequest.getDefaultInstance());
    assertThat(info.getNodeId()).isEqualTo("node-1");
    assertThat(info.getMaxVolumesPerNode()).isEqualTo(8);
    assertThat(info.getAccessibleTopology().getSegmentsMap())
        .containsEntry("topology.ashlar.io/node", "node-1")
        .containsEntry("zone", "a");
    assertThat(
            node.nodeGetCapabilities(NodeGetCapabilitiesRequest.getDefaultInstance())
                .getCapabilitiesList())
        .hasSize(4);
  }
}
