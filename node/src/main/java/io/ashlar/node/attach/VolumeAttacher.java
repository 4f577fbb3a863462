package io.ashlar.node.attach;

import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.VolumeId;
import java.io.IOException;
import java.util.Optional;

/**
 * What the CSI service needs of the rest of the node. All methods but {@link #find} block, and are
 * called on platform threads, for one volume one after the other. Besides IOException, which may be
 * tried again, they throw {@link io.grpc.StatusRuntimeException} as the controller said.
 */
public interface VolumeAttacher {
  /** The volume's record now. */
  VolumeView view(VolumeId volume);

  /** Makes the device usable, or finds it so. Refuses if the record does not attach it here. */
  AttachedVolume attach(VolumeId volume) throws IOException;

  /** What is attached at this moment, without waiting. */
  Optional<AttachedVolume> find(VolumeId volume);

  /** Takes the device down; nothing attached is success. Fails if it is open. */
  void detach(VolumeId volume) throws IOException;

  /**
   * Gives the attached device the size that the record has now, if it is larger.
   *
   * @return as it is then
   */
  AttachedVolume resize(VolumeId volume) throws IOException;

  /** True only if it is certain that no in-sync copy has a mapped block. */
  boolean isUnmapped(VolumeId volume) throws IOException;

  /** Notes durably how far formatting is; refused for an attachment that is over. */
  void recordFormat(VolumeId volume, String fsType, FormatState state, long generation);
}
