package io.ashlar.controller.csi;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.Operations.Fencing;
import io.ashlar.controller.state.Publication;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeUse;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.csi.v1.ControllerPublishVolumeRequest;
import io.ashlar.csi.v1.ControllerUnpublishVolumeRequest;
import io.ashlar.model.Attachment;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ControllerPublishVolume and ControllerUnpublishVolume. A node that may still be writing, because
 * its coordinator is recorded, is fenced before the volume is anybody else's or nobody's.
 */
final class Publishing {
  private static final Logger log = LoggerFactory.getLogger(Publishing.class);

  private final VolumeWork work;

  /** Counting a node's attachments and adding one is done by one call at a time. */
  private final Map<NodeId, ReentrantLock> nodeLocks = new ConcurrentHashMap<>();

  /** How a volume is asked for; asked for again in another way is a conflict. */
  private record Wanted(VolumeUse use, boolean readOnly) {
    static Wanted of(Publication publication) {
      return new Wanted(publication.use(), publication.readOnly());
    }

    @Override
    public String toString() {
      return readOnly ? use + ", read-only" : use.toString();
    }
  }

  Publishing(VolumeWork work) {
    this.work = work;
  }

  /** The record in which the volume is attached to the node. */
  VolumeRecord publish(ControllerPublishVolumeRequest request) {
    Requests.requireVolumeId(request.getVolumeId());
    Requests.requireNodeId(request.getNodeId());
    if (!request.hasVolumeCapability()) {
      throw Requests.invalid("volume_capability is required");
    }
    Wanted wanted = new Wanted(Uses.require(request.getVolumeCapability()), request.getReadonly());
    Versioned<VolumeRecord> volume = work.require(request.getVolumeId());
    NodeStatus node = requireNode(request.getNodeId());
    requireSameKind(volume.value(), wanted.use);
    CallDeadline deadline = work.deadline();
    while (true) {
      Optional<VolumeRecord> attached = tryAttach(request.getVolumeId(), node, wanted);
      if (attached.isPresent()) {
        return attached.get();
      }
      awaitFence(volume.key(), request.getVolumeId(), deadline);
    }
  }

  private NodeStatus requireNode(String nodeId) {
    return Optional.of(nodeId)
        .filter(id -> id.matches("[A-Za-z0-9][A-Za-z0-9._-]*") && id.length() <= 128)
        .flatMap(id -> work.cluster().nodes().find(new NodeId(id)))
        .orElseThrow(
            () ->
                new RefusedException(
                    Kind.NOT_FOUND, "node '%s' does not exist: it has never registered", nodeId));
  }

  private static void requireSameKind(VolumeRecord record, VolumeUse use) {
    if (record.spec().uses().stream().noneMatch(known -> known.block() == use.block())) {
      throw Requests.invalid(
          "volume %s was made for %s, not for %s", record.id(), record.spec().uses(), use);
    }
  }

  /** One try; empty if the record has changed or a fence has to hold first. */
  private Optional<VolumeRecord> tryAttach(String volumeId, NodeStatus node, Wanted wanted) {
    Versioned<VolumeRecord> volume = work.require(volumeId);
    VolumeRecord record = volume.value();
    if (record.operations().fencing().isPresent()) {
      return Optional.empty();
    }
    Optional<Attachment> attachment = record.membership().attachment();
    if (attachment.isEmpty()) {
      closeDetachedCoordinator(record, node.id());
      return attach(volume, node, wanted);
    }
    if (attachment.get().node().equals(node.id())) {
      return attachedHere(volume, node, wanted);
    }
    requireUnreachable(record, attachment.get().node());
    return takeAway(volume) ? tryAttach(volumeId, node, wanted) : Optional.empty();
  }

  private Optional<VolumeRecord> attachedHere(
      Versioned<VolumeRecord> volume, NodeStatus node, Wanted wanted) {
    VolumeRecord record = volume.value();
    Wanted published = Wanted.of(record.publication().orElseThrow());
    if (!published.equals(wanted)) {
      throw new RefusedException(
          Kind.CONFLICT,
          "volume %s is published on node %s for %s, not for %s",
          record.id(),
          node.id(),
          published,
          wanted);
    }
    String bootId = node.record().bootId();
    boolean sameBoot = record.membership().attachment().orElseThrow().bootId().equals(bootId);
    return sameBoot
        ? Optional.of(record)
        : swap(volume, attached(record, new Attachment(node.id(), bootId), wanted));
  }

  private void requireUnreachable(VolumeRecord record, NodeId holder) {
    if (work.cluster().nodes().isReachable(holder)) {
      throw new RefusedException(
          Kind.WRONG_STATE,
          "volume %s is published on node %s: unpublish it there first",
          record.id(),
          holder);
    }
  }

  private Optional<VolumeRecord> attach(
      Versioned<VolumeRecord> volume, NodeStatus node, Wanted wanted) {
    ReentrantLock lock = nodeLocks.computeIfAbsent(node.id(), absent -> new ReentrantLock());
    lock.lock();
    try {
      requireRoom(node);
      Attachment attachment = new Attachment(node.id(), node.record().bootId());
      Optional<VolumeRecord> attached = swap(volume, attached(volume.value(), attachment, wanted));
      attached.ifPresent(
          record ->
              log.info(
                  "volume attached volume={} node={} generation={} epoch={}",
                  record.id(),
                  node.id(),
                  record.membership().generation(),
                  record.membership().epoch()));
      return attached;
    } finally {
      lock.unlock();
    }
  }

  private static VolumeRecord attached(VolumeRecord record, Attachment attachment, Wanted wanted) {
    return record.attached(attachment, wanted.use, wanted.readOnly);
  }

  private void requireRoom(NodeStatus node) {
    int limit = node.record().maxVolumes();
    if (limit == 0) {
      return;
    }
    long attached =
        work.cluster().volumes().list().stream()
            .filter(volume -> volume.value().attachedTo(node.id()))
            .count();
    if (attached >= limit) {
      throw new RefusedException(
          Kind.EXHAUSTED,
          "node %s has %d volumes attached, its limit is %d",
          node.id(),
          attached,
          limit);
    }
  }

  /** One that repairs the members elsewhere gives up its leases; if it cannot, they run out. */
  private void closeDetachedCoordinator(VolumeRecord record, NodeId target) {
    record
        .membership()
        .coordinator()
        .map(CoordinatorRef::node)
        .filter(node -> !node.equals(target) && work.cluster().nodes().isReachable(node))
        .ifPresent(
            node -> {
              try {
                work.cluster().agents().closeCoordinator(node, record.id());
              } catch (AgentException failed) {
                log.info(
                    "coordinator not closed volume={} error={}", record.id(), failed.getMessage());
              }
            });
  }

  void unpublish(ControllerUnpublishVolumeRequest request) {
    Requests.requireVolumeId(request.getVolumeId());
    CallDeadline deadline = work.deadline();
    Optional<Versioned<VolumeRecord>> volume = work.find(request.getVolumeId());
    while (volume.isPresent() && concerns(volume.get().value(), request.getNodeId())) {
      if (volume.get().value().operations().fencing().isEmpty()) {
        var _ = takeAway(volume.get());
      }
      awaitFence(volume.get().key(), request.getVolumeId(), deadline);
      volume = work.find(request.getVolumeId());
    }
  }

  /** Whether the node has the volume, or is being fenced; an empty id means any node. */
  private static boolean concerns(VolumeRecord record, String nodeId) {
    return record
        .operations()
        .fencing()
        .map(Fencing::node)
        .or(() -> record.membership().attachment().map(Attachment::node))
        .filter(node -> nodeId.isEmpty() || node.value().equals(nodeId))
        .isPresent();
  }

  /**
   * Ends the attachment, by a fence if its coordinator is still recorded. False if we lost a race.
   */
  private boolean takeAway(Versioned<VolumeRecord> volume) {
    VolumeRecord record = volume.value();
    NodeId node = record.membership().attachment().orElseThrow().node();
    boolean fence =
        record.membership().coordinator().filter(ref -> ref.node().equals(node)).isPresent();
    Optional<VolumeRecord> next = swap(volume, fence ? record.fencing(node) : record.detached());
    next.ifPresent(
        now ->
            log.info(
                "volume detached volume={} node={} fence={} generation={} epoch={}",
                now.id(),
                node,
                fence,
                now.membership().generation(),
                now.membership().epoch()));
    return next.isPresent() && !fence;
  }

  private Optional<VolumeRecord> swap(Versioned<VolumeRecord> volume, VolumeRecord next) {
    return work.cluster().volumes().swap(volume, next).map(Versioned::value);
  }

  private void awaitFence(String key, String volumeId, CallDeadline deadline) {
    if (deadline.isOver()) {
      throw new RefusedException(
          Kind.UNREACHABLE, "volume %s changes all the time: repeat the call", volumeId);
    }
    try {
      var _ =
          work.await(
              key,
              "fencing of volume " + volumeId,
              deadline,
              record -> record.filter(now -> now.operations().fencing().isPresent()).isEmpty());
    } catch (RefusedException pending) {
      throw new RefusedException(Kind.UNREACHABLE, "%s", pending.getMessage());
    }
  }
}
