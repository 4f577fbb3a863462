package io.ashlar.node.attach;

import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.RecordFormatRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.VolumeId;
import io.ashlar.net.DataLoop;
import io.ashlar.node.agent.ControllerClient;
import io.ashlar.node.frontend.fuse.FuseVolume;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The CSI service's door to attachments, coordinators and the controller. Blocks; platform threads
 * only.
 */
public final class LocalAttacher implements VolumeAttacher {
  private final Attachments attachments;
  private final Coordinators coordinators;
  private final ControllerClient controller;
  private final DataLoop loop;

  public LocalAttacher(
      Attachments attachments,
      Coordinators coordinators,
      ControllerClient controller,
      DataLoop loop) {
    this.attachments = attachments;
    this.coordinators = coordinators;
    this.controller = controller;
    this.loop = loop;
  }

  @Override
  public VolumeView view(VolumeId volume) {
    return controller.volume(volume.value());
  }

  @Override
  public AttachedVolume attach(VolumeId volume) throws IOException {
    return described(attachments.attach(volume));
  }

  private static AttachedVolume described(FuseVolume device) {
    return new AttachedVolume(device.devicePath(), device.sizeBytes(), device.generation());
  }

  @Override
  public Optional<AttachedVolume> find(VolumeId volume) {
    return attachments.find(volume).map(LocalAttacher::described);
  }

  @Override
  public void detach(VolumeId volume) throws IOException {
    attachments.detach(volume);
  }

  @Override
  public AttachedVolume resize(VolumeId volume) throws IOException {
    return described(attachments.grow(volume, view(volume).getSizeBytes()));
  }

  @Override
  public boolean isUnmapped(VolumeId volume) {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    loop.execute(
        () ->
            answer.complete(
                coordinators.find(volume).map(it -> it.machine().knownUnmapped()).orElse(false)));
    return answer.join();
  }

  @Override
  public void recordFormat(VolumeId volume, String fsType, FormatState state, long generation) {
    var _ =
        controller.recordFormat(
            RecordFormatRequest.newBuilder()
                .setVolumeId(volume.value())
                .setFsType(fsType)
                .setState(state)
                .setGeneration(generation)
                .build());
  }
}
