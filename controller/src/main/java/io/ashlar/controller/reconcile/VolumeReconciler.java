package io.ashlar.controller.reconcile;

import io.ashlar.controller.state.Operations;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.env.Clock;
import io.ashlar.model.Member;
import java.time.Duration;
import java.util.Optional;

/** One look at one volume: the first thing that needs doing, in the order of importance. */
public final class VolumeReconciler {
  private final Cluster cluster;
  private final Creation creation;
  private final Deletion deletion;
  private final CopyAddition addition;
  private final Expansion expansion;
  private final CopyReplacement replacement;
  private final DetachedRepair repair;
  private final AttachedRepair attachedRepair;

  /**
   * @param repairDelay how long a volume is detached before its members are repaired
   * @param replaceGrace how long a lost copy is waited for
   */
  public VolumeReconciler(
      Cluster cluster, Clock clock, Duration repairDelay, Duration replaceGrace) {
    this.cluster = cluster;
    this.creation = new Creation(cluster);
    this.deletion = new Deletion(cluster);
    this.addition = new CopyAddition(cluster);
    this.expansion = new Expansion(cluster);
    this.replacement = new CopyReplacement(cluster, clock, replaceGrace);
    this.repair = new DetachedRepair(cluster, clock, repairDelay);
    this.attachedRepair = new AttachedRepair(cluster);
  }

  /** Fences are not made here: they have a loop of their own and wait for nothing. */
  public Step step(String key) {
    Optional<Versioned<VolumeRecord>> found = cluster.volumes().get(key);
    if (found.isEmpty()) {
      return Step.DONE;
    }
    Versioned<VolumeRecord> volume = found.get();
    VolumeRecord record = volume.value();
    Operations operations = record.operations();
    if (operations.fencing().isPresent()) {
      return Step.after(Duration.ofMillis(500), "being fenced");
    }
    if (operations.deleting().isPresent()) {
      return deletion.step(volume);
    }
    if (operations.creating().isPresent()) {
      return creation.step(volume);
    }
    if (operations.expanding().isPresent()) {
      return expansion.step(volume);
    }
    if (operations.adding().isPresent()) {
      return addition.finish(volume);
    }
    if (record.copiesMissing() > 0) {
      Step begun = addition.begin(volume);
      return begun instanceof Step.Done ? repairIfWanted(record) : begun;
    }
    Optional<Member> lost = replacement.wanted(record);
    if (lost.isPresent()) {
      Step replaced = replacement.step(volume, lost.get());
      return replaced instanceof Step.Done ? repairIfWanted(record) : replaced;
    }
    Optional<Member> gone = record.visible() ? replacement.gone(record) : Optional.empty();
    return gone.map(member -> replacement.forget(volume, member))
        .orElseGet(() -> repairIfWanted(record));
  }

  private Step repairIfWanted(VolumeRecord record) {
    if (attachedRepair.wanted(record)) {
      return attachedRepair.step(record);
    }
    return repair.wanted(record) ? repair.step(record) : Step.DONE;
  }

  /** Whether the sweep should have this volume looked at. */
  public boolean needsWork(VolumeRecord record) {
    return !record.operations().none()
        || record.copiesMissing() > 0
        || replacement.wanted(record).isPresent()
        || attachedRepair.wanted(record)
        || repair.wanted(record);
  }
}
