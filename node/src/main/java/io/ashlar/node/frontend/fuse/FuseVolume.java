package io.ashlar.node.frontend.fuse;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import io.ashlar.sys.FuseChannel;
import java.nio.file.Path;
import java.util.List;

/** A volume's device while this process serves it. Changed under its {@link FuseFrontend} only. */
public final class FuseVolume {
  private final HeldKey key;
  private final Path deviceNode;
  private final FuseFile file;
  private final List<FuseChannel> channels;
  private final FuseServer server;
  private LoopDevices.Loop loop;

  FuseVolume(
      HeldKey key, Path deviceNode, FuseFile file, List<FuseChannel> channels, FuseServer server) {
    this.key = key;
    this.deviceNode = deviceNode;
    this.file = file;
    this.channels = List.copyOf(channels);
    this.server = server;
  }

  public VolumeId volume() {
    return key.volume();
  }

  /** Of the attachment that the device stands for. */
  public long generation() {
    return key.generation();
  }

  /** The block device node. */
  public Path devicePath() {
    return deviceNode;
  }

  public long sizeBytes() {
    return file.sizeBytes();
  }

  HeldKey key() {
    return key;
  }

  FuseFile file() {
    return file;
  }

  List<FuseChannel> channels() {
    return channels;
  }

  FuseServer server() {
    return server;
  }

  LoopDevices.Loop loop() {
    return loop;
  }

  void boundTo(LoopDevices.Loop bound) {
    loop = bound;
  }
}
