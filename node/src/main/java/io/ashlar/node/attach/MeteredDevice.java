package io.ashlar.node.attach;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.DeviceGeometry;
import io.ashlar.env.Clock;
import io.ashlar.node.http.NodeMetrics.VolumeMeters;

/** A device that counts what passes through it. Loop thread only. */
final class MeteredDevice implements BlockDevice {
  private final BlockDevice device;
  private final VolumeMeters meters;
  private final Clock clock;

  MeteredDevice(BlockDevice device, VolumeMeters meters, Clock clock) {
    this.device = device;
    this.meters = meters;
    this.clock = clock;
  }

  @Override
  public DeviceGeometry geometry() {
    return device.geometry();
  }

  @Override
  public long openSession() {
    return device.openSession();
  }

  @Override
  public void endSession(long session) {
    device.endSession(session);
  }

  @Override
  public void submit(long session, BlockRequest request) {
    long startedAt = clock.nanos();
    BlockRequest.Completion counted =
        (status, data) -> {
          meters.answered(request, status, clock.nanos() - startedAt);
          request.completion().done(status, data);
        };
    device.submit(
        session,
        new BlockRequest(
            request.kind(),
            request.offsetBytes(),
            request.lengthBytes(),
            request.fua(),
            request.payload(),
            counted));
  }

  @Override
  public void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done) {
    device.mapped(session, offsetBytes, lengthBytes, done);
  }
}
