package io.ashlar.controller.csi;

import io.ashlar.controller.placement.Placement;
import io.ashlar.controller.placement.PlacementRequest;
import io.ashlar.controller.state.Operations.Deleting;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeSpec;
import io.ashlar.controller.state.VolumeUse;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.csi.v1.CapacityRange;
import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.Topology;
import io.ashlar.model.Member;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** CreateVolume: idempotent by name; after a final error nothing is left behind. */
final class VolumeCreation {
  private static final Logger log = LoggerFactory.getLogger(VolumeCreation.class);

  /** What {@code --extra-create-metadata} of external-provisioner adds. */
  private static final String CLAIM_NAME = "csi.storage.k8s.io/pvc/name";

  private static final String CLAIM_NAMESPACE = "csi.storage.k8s.io/pvc/namespace";

  private final VolumeWork work;

  VolumeCreation(VolumeWork work) {
    this.work = work;
  }

  /** What the call asks for, before the claim's labels. */
  private record Wanted(
      String name,
      long sizeBytes,
      List<VolumeUse> uses,
      SortedMap<String, String> parameters,
      CreateVolumeRequest request) {
    VolumeSpec spec(SortedMap<String, String> labels) {
      Parameters effective = Parameters.of(parameters, labels);
      return new VolumeSpec(
          name,
          sizeBytes,
          effective.replicas(),
          effective.failureMode(),
          effective.compression(),
          parameters,
          labels,
          uses);
    }
  }

  VolumeRecord create(CreateVolumeRequest request) {
    Wanted wanted = wanted(request);
    String key = VolumeKeys.ofName(wanted.name);
    CallDeadline deadline = work.deadline();
    while (true) {
      Optional<VolumeRecord> existing = work.cluster().volumes().get(key).map(Versioned::value);
      if (existing.isEmpty()) {
        existing = begin(key, wanted.spec(labels(request)), preferred(request));
      }
      if (existing.isPresent() && existing.get().operations().deleting().isEmpty()) {
        requireSame(existing.get(), wanted);
        return await(key, existing.get(), deadline);
      }
      awaitGone(key, wanted.name, deadline);
    }
  }

  private static Wanted wanted(CreateVolumeRequest request) {
    Requests.requireName(request.getName());
    List<VolumeUse> uses = Uses.require(request.getVolumeCapabilitiesList());
    Requests.requireSmall("secrets", request.getSecretsMap());
    if (request.getMutableParamsCount() > 0) {
      throw Requests.invalid(
          "mutable parameters %s are not available yet",
          request.getMutableParamsMap().keySet().stream().sorted().toList());
    }
    if (request.hasVolumeContentSource()) {
      throw Requests.invalid("volume_content_source is not available yet");
    }
    return new Wanted(
        request.getName(),
        Sizes.forNew(request.getCapacityRange(), uses),
        uses,
        Parameters.ofClass(request.getParametersMap()),
        request);
  }

  /** Of the claim that external-provisioner names, if it does ({@code --extra-create-metadata}). */
  private SortedMap<String, String> labels(CreateVolumeRequest request) {
    String namespace = request.getParametersOrDefault(CLAIM_NAMESPACE, "");
    String name = request.getParametersOrDefault(CLAIM_NAME, "");
    return namespace.isEmpty() || name.isEmpty()
        ? Parameters.ofClaim(Map.of())
        : Parameters.ofClaim(work.claims().of(namespace, name));
  }

  /**
   * Best first. The volume can be reached from everywhere: topology says where it should be local.
   */
  private static List<Map<String, String>> preferred(CreateVolumeRequest request) {
    return Stream.concat(
            request.getAccessibilityRequirements().getPreferredList().stream(),
            request.getAccessibilityRequirements().getRequisiteList().stream())
        .map(Topology::getSegmentsMap)
        .toList();
  }

  /** Places the copies and writes the record; empty if another call was faster. */
  private Optional<VolumeRecord> begin(
      String key, VolumeSpec spec, List<Map<String, String>> preferred) {
    Placement.Plan plan =
        work.cluster()
            .plan(
                new PlacementRequest(
                    spec.copies(), spec.sizeBytes(), Set.of(), Set.of(), preferred));
    int needed = spec.failureMode().copiesToWrite(spec.replicas());
    if (plan.chosen().size() < needed) {
      // Of one that is exhausted the provisioner asks again after a minute only.
      boolean soon = plan.chosen().size() + plan.unreachable() >= needed;
      throw new RefusedException(
          soon ? Kind.UNREACHABLE : Kind.EXHAUSTED,
          "volume '%s' with %d replicas and failure mode %s needs %d nodes, %d can take a copy; %s",
          spec.name(),
          spec.replicas(),
          spec.failureMode().text(),
          needed,
          plan.chosen().size(),
          plan.reasons());
    }
    List<Member> members = plan.chosen().stream().map(work.cluster()::newMember).toList();
    VolumeRecord record =
        VolumeRecord.wanted(
            VolumeKeys.newId(spec.name(), (int) work.cluster().rng().nextLong()),
            spec,
            work.cluster().rng().nextLong(),
            members);
    if (members.size() < spec.copies()) {
      log.warn(
          "volume is created degraded volume={} copies={} wanted={} reasons={}",
          record.id(),
          members.size(),
          spec.copies(),
          plan.reasons());
    }
    return work.cluster().volumes().create(key, record).map(Versioned::value);
  }

  private static void requireSame(VolumeRecord existing, Wanted wanted) {
    VolumeSpec old = existing.spec();
    CapacityRange range = wanted.request.getCapacityRange();
    if (!old.name().equals(wanted.name)) {
      throw differs(wanted.name, "its record's key, that of '" + old.name() + "'");
    }
    boolean tooLarge = range.getLimitBytes() != 0 && old.sizeBytes() > range.getLimitBytes();
    if (old.sizeBytes() < range.getRequiredBytes() || tooLarge) {
      throw differs(wanted.name, "its size, " + old.sizeBytes() + " bytes");
    }
    if (!old.parameters().equals(wanted.parameters)) {
      throw differs(wanted.name, "its parameters, " + old.parameters());
    }
    if (!new HashSet<>(old.uses()).equals(new HashSet<>(wanted.uses))) {
      throw differs(wanted.name, "its capabilities, " + old.uses());
    }
  }

  private static RefusedException differs(String name, String what) {
    return new RefusedException(
        Kind.CONFLICT, "volume '%s' exists already and differs in %s", name, what);
  }

  private VolumeRecord await(String key, VolumeRecord wanted, CallDeadline deadline) {
    Optional<VolumeRecord> now =
        work.await(
            key,
            "creation of volume '" + wanted.spec().name() + "'",
            deadline,
            record -> record.filter(same -> isCreating(same, wanted)).isEmpty());
    if (now.isPresent() && now.get().id().equals(wanted.id()) && now.get().visible()) {
      return now.get();
    }
    String reason =
        now.flatMap(record -> record.operations().deleting())
            .map(Deleting::reason)
            .orElse("it was deleted meanwhile");
    awaitGone(key, wanted.spec().name(), deadline);
    throw new RefusedException(
        Kind.EXHAUSTED, "volume '%s' was not created: %s", wanted.spec().name(), reason);
  }

  private static boolean isCreating(VolumeRecord record, VolumeRecord wanted) {
    return record.id().equals(wanted.id())
        && record.operations().creating().isPresent()
        && record.operations().deleting().isEmpty();
  }

  private void awaitGone(String key, String name, CallDeadline deadline) {
    var _ =
        work.await(
            key,
            "deletion of the former volume '" + name + "'",
            deadline,
            record -> record.filter(old -> old.operations().deleting().isPresent()).isEmpty());
  }
}
