package io.ashlar.csi.server;

import com.google.protobuf.BoolValue;
import io.ashlar.csi.v1.GetPluginCapabilitiesRequest;
import io.ashlar.csi.v1.GetPluginCapabilitiesResponse;
import io.ashlar.csi.v1.GetPluginInfoRequest;
import io.ashlar.csi.v1.GetPluginInfoResponse;
import io.ashlar.csi.v1.IdentityGrpc;
import io.ashlar.csi.v1.PluginCapability;
import io.ashlar.csi.v1.ProbeRequest;
import io.ashlar.csi.v1.ProbeResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * CSI Identity, the same on the controller and on every node: the capabilities are those of the
 * whole driver. Answers from memory.
 */
public final class IdentityService extends IdentityGrpc.IdentityImplBase {
  public static final String DRIVER_NAME = "csi.ashlar.io";

  private static final GetPluginCapabilitiesResponse CAPABILITIES =
      GetPluginCapabilitiesResponse.newBuilder()
          .addAllCapabilities(
              List.of(
                  service(PluginCapability.Service.Type.CONTROLLER_SERVICE),
                  service(PluginCapability.Service.Type.VOLUME_ACCESSIBILITY_CONSTRAINTS),
                  PluginCapability.newBuilder()
                      .setVolumeExpansion(
                          PluginCapability.VolumeExpansion.newBuilder()
                              .setType(PluginCapability.VolumeExpansion.Type.ONLINE))
                      .build()))
          .build();

  private final String version;
  private final BooleanSupplier ready;

  /**
   * @param version of the driver, never empty
   * @param ready false while the daemon starts: sidecars then wait, where an error would end them
   */
  public IdentityService(String version, BooleanSupplier ready) {
    this.version = version;
    this.ready = ready;
  }

  private static PluginCapability service(PluginCapability.Service.Type type) {
    return PluginCapability.newBuilder()
        .setService(PluginCapability.Service.newBuilder().setType(type))
        .build();
  }

  @Override
  public void getPluginInfo(
      GetPluginInfoRequest request, StreamObserver<GetPluginInfoResponse> observer) {
    observer.onNext(
        GetPluginInfoResponse.newBuilder().setName(DRIVER_NAME).setVendorVersion(version).build());
    observer.onCompleted();
  }

  @Override
  public void getPluginCapabilities(
      GetPluginCapabilitiesRequest request,
      StreamObserver<GetPluginCapabilitiesResponse> observer) {
    observer.onNext(CAPABILITIES);
    observer.onCompleted();
  }

  @Override
  public void probe(ProbeRequest request, StreamObserver<ProbeResponse> observer) {
    observer.onNext(
        ProbeResponse.newBuilder().setReady(BoolValue.of(ready.getAsBoolean())).build());
    observer.onCompleted();
  }
}
