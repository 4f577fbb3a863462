package io.ashlar.controller.csi;

import java.util.Map;

/** Where users say what they want of a volume besides its class: the labels of its claim. */
@FunctionalInterface
public interface ClaimLabels {
  /** No claims here. */
  ClaimLabels NONE = (namespace, name) -> Map.of();

  /**
   * All labels of a PersistentVolumeClaim; blocks.
   *
   * @throws io.ashlar.controller.state.RefusedException UNREACHABLE if they cannot be read now,
   *     WRONG_STATE if there is no such claim
   */
  Map<String, String> of(String namespace, String name);
}
