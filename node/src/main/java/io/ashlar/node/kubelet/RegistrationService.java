package io.ashlar.node.kubelet;

import io.ashlar.csi.server.IdentityService;
import io.ashlar.pluginregistration.v1.InfoRequest;
import io.ashlar.pluginregistration.v1.PluginInfo;
import io.ashlar.pluginregistration.v1.RegistrationGrpc;
import io.ashlar.pluginregistration.v1.RegistrationStatus;
import io.ashlar.pluginregistration.v1.RegistrationStatusResponse;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Answers the kubelet's two questions, from memory. */
final class RegistrationService extends RegistrationGrpc.RegistrationImplBase {
  private static final String TYPE = "CSIPlugin";

  /** The kubelet knows the major version only; all of CSI 1 is one to it. */
  private static final String CSI_VERSION = "1.0.0";

  private final PluginInfo info;
  private final Consumer<RegistrationStatus> told;

  /**
   * @param told what the kubelet has decided; called by gRPC's threads, must not block
   */
  RegistrationService(Path csiPath, Consumer<RegistrationStatus> told) {
    this.info =
        PluginInfo.newBuilder()
            .setType(TYPE)
            .setName(IdentityService.DRIVER_NAME)
            .setEndpoint(csiPath.toString())
            .addSupportedVersions(CSI_VERSION)
            .build();
    this.told = told;
  }

  @Override
  public void getInfo(InfoRequest request, StreamObserver<PluginInfo> observer) {
    observer.onNext(info);
    observer.onCompleted();
  }

  @Override
  public void notifyRegistrationStatus(
      RegistrationStatus status, StreamObserver<RegistrationStatusResponse> observer) {
    told.accept(status);
    observer.onNext(RegistrationStatusResponse.getDefaultInstance());
    observer.onCompleted();
  }
}
