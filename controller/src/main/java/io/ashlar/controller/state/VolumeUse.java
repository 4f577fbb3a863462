package io.ashlar.controller.state;

/**
 * One way of using a volume.
 *
 * @param block the raw device; else a file system
 * @param fsType "" for block
 * @param accessMode CSI's name of the mode
 */
public record VolumeUse(boolean block, String fsType, String accessMode) {
  @Override
  public String toString() {
    return accessMode + " " + (block ? "block" : "mount " + fsType);
  }
}
