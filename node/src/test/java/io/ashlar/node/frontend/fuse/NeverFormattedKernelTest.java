package io.ashlar.node.frontend.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.control.v1.FormatState;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeResponse;
import io.ashlar.csi.v1.VolumeCapability;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.AttachedVolume;
import io.ashlar.node.csi.CsiNodeOptions;
import io.ashlar.node.csi.LoopFileAttacher;
import io.ashlar.node.csi.NodeService;
import io.ashlar.node.frontend.fuse.holder.Holder;
import io.ashlar.node.frontend.fuse.holder.HolderClient;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that answers EIO somewhere in what is read as proof is never formatted. */
@Tag("kernel")
final class NeverFormattedKernelTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE_BYTES = 64 * MIB;

  @TempDir Path folder;

  private final String tag = "eio-" + ProcessHandle.current().pid();

  @AfterEach
  void stop() throws IOException {
    DeviceCleaner.clean(tag, folder.resolve("run"));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1024 * 1024 - 4096, SIZE_BYTES / 2, SIZE_BYTES - 4096})
  void deviceWithAnErrorIsNotFormatted(long badAt) throws IOException {
    LoopFileAttacher attacher = new LoopFileAttacher(folder.resolve("volumes"));
    attacher.create("vol-1", SIZE_BYTES);
    Path socket = folder.resolve("holder.sock");
    try (Holder holder = new Holder(socket);
        HolderClient client = new HolderClient(socket, Duration.ofSeconds(5));
        MemoryDevice device = new MemoryDevice(folder.resolve("disk.img"), SIZE_BYTES, 0)) {
      Thread.ofPlatform().daemon().start(holder::serve);
      device.bad(badAt, badAt + 4096, false);
      FuseFrontend frontend =
          new FuseFrontend(
              FuseOptions.of(tag, folder.resolve("run"), attacher.deviceDir()), client);
      FuseVolume exposed =
          frontend.attach(
              new FuseFrontend.Exposure(
                  new VolumeId("vol-1"), 1, SIZE_BYTES, false, device, device.loop));
      attacher.present("vol-1", new AttachedVolume(exposed.devicePath(), SIZE_BYTES, 1));
      assertThatThrownBy(() -> stage(attacher)).hasMessageContaining("Input/output error");
      assertThat(device.writes.get()).isZero();
      assertThat(attacher.records.get("vol-1").getFormat()).isEqualTo(FormatState.NEVER_FORMATTED);
      frontend.detach(new VolumeId("vol-1"));
    }
  }

  private void stage(LoopFileAttacher attacher) throws IOException {
    CsiNodeOptions options =
        CsiNodeOptions.of(new NodeId("node-1"), attacher.deviceDir(), Map.of(), 0);
    try (NodeService service = new NodeService(options, attacher)) {
      service.nodeStageVolume(
          NodeStageVolumeRequest.newBuilder()
              .setVolumeId("vol-1")
              .setStagingTargetPath(Files.createDirectories(folder.resolve("stage")).toString())
              .setVolumeCapability(capability())
              .build(),
          new Ignored());
    }
  }

  /** What is thrown is looked at, not what is answered. */
  private static final class Ignored implements StreamObserver<NodeStageVolumeResponse> {
    @Override
    public void onNext(NodeStageVolumeResponse response) {}

    @Override
    public void onError(Throwable failed) {}

    @Override
    public void onCompleted() {}
  }

  private static VolumeCapability capability() {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.newBuilder().setFsType("ext4"))
        .setAccessMode(
            VolumeCapability.AccessMode.newBuilder()
                .setMode(VolumeCapability.AccessMode.Mode.SINGLE_NODE_WRITER))
        .build();
  }
}
