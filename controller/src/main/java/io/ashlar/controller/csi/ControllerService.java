package io.ashlar.controller.csi;

import com.google.protobuf.Int64Value;
import io.ashlar.controller.placement.SpacePolicy;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.csi.v1.ControllerExpandVolumeRequest;
import io.ashlar.csi.v1.ControllerExpandVolumeResponse;
import io.ashlar.csi.v1.ControllerGetCapabilitiesRequest;
import io.ashlar.csi.v1.ControllerGetCapabilitiesResponse;
import io.ashlar.csi.v1.ControllerGetVolumeRequest;
import io.ashlar.csi.v1.ControllerGetVolumeResponse;
import io.ashlar.csi.v1.ControllerGrpc;
import io.ashlar.csi.v1.ControllerPublishVolumeRequest;
import io.ashlar.csi.v1.ControllerPublishVolumeResponse;
import io.ashlar.csi.v1.ControllerServiceCapability;
import io.ashlar.csi.v1.ControllerServiceCapability.RPC;
import io.ashlar.csi.v1.ControllerUnpublishVolumeRequest;
import io.ashlar.csi.v1.ControllerUnpublishVolumeResponse;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.CreateVolumeResponse;
import io.ashlar.csi.v1.DeleteVolumeRequest;
import io.ashlar.csi.v1.DeleteVolumeResponse;
import io.ashlar.csi.v1.GetCapacityRequest;
import io.ashlar.csi.v1.GetCapacityResponse;
import io.ashlar.csi.v1.ListVolumesRequest;
import io.ashlar.csi.v1.ListVolumesResponse;
import io.ashlar.csi.v1.ValidateVolumeCapabilitiesRequest;
import io.ashlar.csi.v1.ValidateVolumeCapabilitiesResponse;
import io.ashlar.csi.v1.Volume;
import io.ashlar.csi.v1.VolumeCapability;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;

/** CSI Controller. Refusals are thrown; the server's interceptor answers them. */
public final class ControllerService extends ControllerGrpc.ControllerImplBase {
  /** In publish_context: the attachment that staging belongs to. */
  public static final String GENERATION = "ashlar.io/generation";

  private static final ControllerGetCapabilitiesResponse CAPABILITIES =
      capabilities(
          List.of(
              RPC.Type.CREATE_DELETE_VOLUME,
              RPC.Type.PUBLISH_UNPUBLISH_VOLUME,
              RPC.Type.LIST_VOLUMES,
              RPC.Type.LIST_VOLUMES_PUBLISHED_NODES,
              RPC.Type.GET_CAPACITY,
              RPC.Type.EXPAND_VOLUME,
              RPC.Type.GET_VOLUME,
              RPC.Type.PUBLISH_READONLY,
              RPC.Type.SINGLE_NODE_MULTI_WRITER));

  private final VolumeWork work;
  private final SpacePolicy space;
  private final VolumeCreation creation;
  private final VolumeDeletion deletion;
  private final VolumeExpansion expansion;
  private final Publishing publishing;

  public ControllerService(VolumeWork work) {
    this.work = work;
    this.space = work.cluster().placement().space();
    this.creation = new VolumeCreation(work);
    this.deletion = new VolumeDeletion(work);
    this.expansion = new VolumeExpansion(work);
    this.publishing = new Publishing(work);
  }

  private static ControllerGetCapabilitiesResponse capabilities(List<RPC.Type> types) {
    ControllerGetCapabilitiesResponse.Builder answer =
        ControllerGetCapabilitiesResponse.newBuilder();
    for (RPC.Type type : types) {
      answer.addCapabilities(
          ControllerServiceCapability.newBuilder().setRpc(RPC.newBuilder().setType(type)));
    }
    return answer.build();
  }

  private static <R> void answer(StreamObserver<R> observer, R response) {
    observer.onNext(response);
    observer.onCompleted();
  }

  @Override
  public void controllerGetCapabilities(
      ControllerGetCapabilitiesRequest request,
      StreamObserver<ControllerGetCapabilitiesResponse> observer) {
    answer(observer, CAPABILITIES);
  }

  @Override
  public void createVolume(
      CreateVolumeRequest request, StreamObserver<CreateVolumeResponse> observer) {
    VolumeRecord created = creation.create(request);
    answer(observer, CreateVolumeResponse.newBuilder().setVolume(volume(created)).build());
  }

  @Override
  public void deleteVolume(
      DeleteVolumeRequest request, StreamObserver<DeleteVolumeResponse> observer) {
    deletion.delete(request.getVolumeId());
    answer(observer, DeleteVolumeResponse.getDefaultInstance());
  }

  @Override
  public void controllerPublishVolume(
      ControllerPublishVolumeRequest request,
      StreamObserver<ControllerPublishVolumeResponse> observer) {
    VolumeRecord attached = publishing.publish(request);
    answer(
        observer,
        ControllerPublishVolumeResponse.newBuilder()
            .putPublishContext(GENERATION, Long.toString(attached.membership().generation()))
            .build());
  }

  @Override
  public void controllerUnpublishVolume(
      ControllerUnpublishVolumeRequest request,
      StreamObserver<ControllerUnpublishVolumeResponse> observer) {
    publishing.unpublish(request);
    answer(observer, ControllerUnpublishVolumeResponse.getDefaultInstance());
  }

  @Override
  public void validateVolumeCapabilities(
      ValidateVolumeCapabilitiesRequest request,
      StreamObserver<ValidateVolumeCapabilitiesResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    if (request.getVolumeCapabilitiesCount() == 0) {
      throw Requests.invalid("volume_capabilities are required");
    }
    VolumeRecord record = work.require(request.getVolumeId()).value();
    Optional<String> reason =
        request.getVolumeCapabilitiesList().stream()
            .flatMap(capability -> unsupported(record, capability).stream())
            .findFirst();
    ValidateVolumeCapabilitiesResponse.Builder response =
        ValidateVolumeCapabilitiesResponse.newBuilder();
    reason.ifPresentOrElse(
        response::setMessage,
        () ->
            response
                .getConfirmedBuilder()
                .putAllVolumeContext(request.getVolumeContextMap())
                .addAllVolumeCapabilities(request.getVolumeCapabilitiesList())
                .putAllParameters(request.getParametersMap()));
    answer(observer, response.build());
  }

  private static Optional<String> unsupported(VolumeRecord record, VolumeCapability capability) {
    Optional<String> never = Uses.unsupported(capability);
    boolean otherKind =
        record.spec().uses().stream().noneMatch(use -> use.block() == capability.hasBlock());
    return never.isPresent() || !otherKind
        ? never
        : Optional.of("the volume was made for " + record.spec().uses());
  }

  @Override
  public void listVolumes(
      ListVolumesRequest request, StreamObserver<ListVolumesResponse> observer) {
    VolumePages page = VolumePages.page(work.cluster().volumes().list(), request);
    ListVolumesResponse.Builder response =
        ListVolumesResponse.newBuilder().setNextToken(page.nextToken());
    for (VolumeRecord record : page.volumes()) {
      response
          .addEntriesBuilder()
          .setVolume(volume(record))
          .getStatusBuilder()
          .addAllPublishedNodeIds(publishedNodes(record));
    }
    answer(observer, response.build());
  }

  @Override
  public void controllerGetVolume(
      ControllerGetVolumeRequest request, StreamObserver<ControllerGetVolumeResponse> observer) {
    Requests.requireVolumeId(request.getVolumeId());
    VolumeRecord record = work.require(request.getVolumeId()).value();
    ControllerGetVolumeResponse.Builder response =
        ControllerGetVolumeResponse.newBuilder().setVolume(volume(record));
    response.getStatusBuilder().addAllPublishedNodeIds(publishedNodes(record));
    answer(observer, response.build());
  }

  private static List<String> publishedNodes(VolumeRecord record) {
    return record.membership().attachment().stream().map(at -> at.node().value()).toList();
  }

  private static Volume volume(VolumeRecord record) {
    return Volume.newBuilder()
        .setVolumeId(record.id().value())
        .setCapacityBytes(record.spec().sizeBytes())
        .build();
  }

  @Override
  public void getCapacity(
      GetCapacityRequest request, StreamObserver<GetCapacityResponse> observer) {
    Capacity capacity = Capacity.of(work.cluster(), space, request);
    answer(
        observer,
        GetCapacityResponse.newBuilder()
            .setAvailableCapacity(capacity.availableBytes())
            .setMaximumVolumeSize(Int64Value.of(capacity.volumeBytesMax()))
            .build());
  }

  @Override
  public void controllerExpandVolume(
      ControllerExpandVolumeRequest request,
      StreamObserver<ControllerExpandVolumeResponse> observer) {
    long sizeBytes = expansion.expand(request);
    answer(
        observer,
        ControllerExpandVolumeResponse.newBuilder()
            .setCapacityBytes(sizeBytes)
            .setNodeExpansionRequired(true)
            .build());
  }
}
