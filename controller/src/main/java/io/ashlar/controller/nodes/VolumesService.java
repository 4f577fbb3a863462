package io.ashlar.controller.nodes;

import io.ashlar.control.v1.CompareAndSetReply;
import io.ashlar.control.v1.CompareAndSetRequest;
import io.ashlar.control.v1.GetVolumeRequest;
import io.ashlar.control.v1.RecordFormatRequest;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.control.v1.VolumesGrpc;
import io.ashlar.controller.state.FormatState;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.NodeId;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * control/v1 Volumes: the records, for the coordinators that work on them. What a coordinator may
 * change is said by {@link MembershipRules}; a lost race is an answer, not an error. Refusals are
 * thrown; the server's interceptor answers them.
 */
public final class VolumesService extends VolumesGrpc.VolumesImplBase {
  private static final Logger log = LoggerFactory.getLogger(VolumesService.class);

  private final Records<VolumeRecord> volumes;
  private final NodeDirectory nodes;

  public VolumesService(Records<VolumeRecord> volumes, NodeDirectory nodes) {
    this.volumes = volumes;
    this.nodes = nodes;
  }

  @Override
  public void get(GetVolumeRequest request, StreamObserver<VolumeView> observer) {
    observer.onNext(view(find(request.getVolumeId())));
    observer.onCompleted();
  }

  @Override
  public void compareAndSet(
      CompareAndSetRequest request, StreamObserver<CompareAndSetReply> observer) {
    Versioned<VolumeRecord> current = find(request.getVolumeId());
    Optional<Versioned<VolumeRecord>> swapped = Optional.empty();
    if (current.revision() == request.getExpectedRevision()) {
      swapped = swap(current, request);
    }
    Versioned<VolumeRecord> now = swapped.isPresent() ? swapped.get() : find(request.getVolumeId());
    observer.onNext(
        CompareAndSetReply.newBuilder()
            .setSwapped(swapped.isPresent())
            .setVolume(view(now))
            .build());
    observer.onCompleted();
  }

  private Optional<Versioned<VolumeRecord>> swap(
      Versioned<VolumeRecord> current, CompareAndSetRequest request) {
    VolumeRecord record = current.value();
    CoordinatorRef caller = ControlMapping.coordinator(request.getCaller());
    Membership next = ControlMapping.membership(request.getMembership());
    requireKnown(caller);
    requireOpenable(record);
    MembershipRules.refusal(caller, record.membership(), next)
        .ifPresent(
            reason -> {
              throw new RefusedException(Kind.WRONG_STATE, "volume %s: %s", record.id(), reason);
            });
    Optional<Versioned<VolumeRecord>> swapped = volumes.swap(current, record.withMembership(next));
    if (swapped.isPresent()) {
      logChange(record, next, caller);
    }
    return swapped;
  }

  private void requireKnown(CoordinatorRef caller) {
    long stateDirId =
        nodes
            .find(caller.node())
            .orElseThrow(
                () ->
                    new RefusedException(
                        Kind.WRONG_STATE, "node %s has not registered", caller.node()))
            .record()
            .stateDirId();
    if (stateDirId != caller.stateDirId()) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "node %s is registered with state directory %x, not %x",
          caller.node(),
          stateDirId,
          caller.stateDirId());
    }
  }

  private static void requireOpenable(VolumeRecord record) {
    if (!record.visible() || record.operations().fencing().isPresent()) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s is being %s: no coordinator may work on it",
          record.id(),
          record.visible() ? "fenced" : "created or deleted");
    }
  }

  private static void logChange(VolumeRecord record, Membership next, CoordinatorRef caller) {
    log.info(
        "membership changed volume={} epoch={} by={}/{} inSync={} was={} open={}",
        record.id(),
        next.epoch(),
        caller.node(),
        Long.toHexString(caller.instance()),
        next.inSync().size(),
        record.membership().inSync().size(),
        next.coordinator().isPresent());
  }

  @Override
  public void recordFormat(RecordFormatRequest request, StreamObserver<VolumeView> observer) {
    Versioned<VolumeRecord> found = find(request.getVolumeId());
    Versioned<VolumeRecord> now =
        volumes
            .update(found.key(), record -> formatted(sameId(record, found.value()), request))
            .orElseThrow(() -> gone(request.getVolumeId()));
    observer.onNext(view(now));
    observer.onCompleted();
  }

  private static VolumeRecord formatted(VolumeRecord record, RecordFormatRequest request) {
    if (record.membership().attachment().isEmpty()
        || record.membership().generation() != request.getGeneration()) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s: generation %d is not attached, the record has %d",
          record.id(),
          request.getGeneration(),
          record.membership().generation());
    }
    if (request.getState() == io.ashlar.control.v1.FormatState.UNRECOGNIZED) {
      throw new RefusedException(Kind.INVALID, "volume %s: unknown format state", record.id());
    }
    FormatState wanted = FormatState.valueOf(request.getState().name());
    boolean otherFileSystem =
        record.format() == FormatState.FORMATTED && !record.fsType().equals(request.getFsType());
    if (wanted.compareTo(record.format()) < 0 || otherFileSystem) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s is %s with '%s': it cannot become %s with '%s'",
          record.id(),
          record.format(),
          record.fsType(),
          wanted,
          request.getFsType());
    }
    return record.withFormat(wanted, request.getFsType());
  }

  private Versioned<VolumeRecord> find(String volumeId) {
    return VolumeKeys.ofId(volumeId)
        .flatMap(volumes::get)
        .filter(found -> found.value().id().value().equals(volumeId))
        .orElseThrow(() -> gone(volumeId));
  }

  private static VolumeRecord sameId(VolumeRecord now, VolumeRecord found) {
    if (!now.id().equals(found.id())) {
      throw gone(found.id().value());
    }
    return now;
  }

  private static RefusedException gone(String volumeId) {
    return new RefusedException(Kind.NOT_FOUND, "volume '%s' does not exist", volumeId);
  }

  private VolumeView view(Versioned<VolumeRecord> volume) {
    return ControlMapping.volume(volume, this::replicationAddress);
  }

  private String replicationAddress(NodeId node) {
    return nodes.find(node).map(status -> status.record().replicationAddress()).orElse("");
  }
}
