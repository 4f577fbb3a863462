package io.ashlar.node.frontend.fuse;

import static io.ashlar.model.Invariants.require;

import io.ashlar.block.BlockDevice;
import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.Held;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import io.ashlar.sys.DeviceNodes;
import io.ashlar.sys.FuseChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exposes volumes as block devices {@code deviceDir/volume}. After a restart of the daemon {@link
 * #attach} takes the device of the same attachment over, with its waiting requests; a device of
 * another generation is never used again but torn down, and answers errors to whoever still has it.
 *
 * <p>Everything here blocks and runs children: platform threads only. Calls for one volume come one
 * after the other (the caller's per-volume order); different volumes may go in parallel.
 */
public final class FuseFrontend {
  /**
   * What to expose.
   *
   * @param generation of the attachment, from the volume's record
   * @param readOnly the kernel refuses whatever would change it
   * @param device called on {@code loop} only; it must serve when {@code attach} is called
   */
  public record Exposure(
      VolumeId volume,
      long generation,
      long sizeBytes,
      boolean readOnly,
      BlockDevice device,
      Executor loop) {
    public Exposure {
      require(
          sizeBytes > 0 && sizeBytes % LoopDevices.BLOCK_BYTES == 0,
          "size %s of volume %s is no multiple of %s",
          sizeBytes,
          volume,
          LoopDevices.BLOCK_BYTES);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(FuseFrontend.class);
  private static final long READERS_END_MILLIS = 10_000;

  private final FuseOptions options;
  private final DescriptorKeeper keeper;
  private final DeviceTeardown teardown;
  private final Map<VolumeId, FuseVolume> volumes = new ConcurrentHashMap<>();

  public FuseFrontend(FuseOptions options, DescriptorKeeper keeper) {
    this.options = options;
    this.keeper = keeper;
    this.teardown = new DeviceTeardown(options);
  }

  /** What an earlier process left with the holder: these volumes wait for us. */
  public List<HeldKey> held() throws IOException {
    return keeper.list().stream().map(Held::key).toList();
  }

  public Optional<FuseVolume> find(VolumeId volume) {
    return Optional.ofNullable(volumes.get(volume));
  }

  /**
   * Exposes a volume, or takes over what an earlier process exposed. Returns when the device can be
   * used. Nothing is left behind when it fails.
   */
  public FuseVolume attach(Exposure exposure) throws IOException {
    FuseVolume present = volumes.get(exposure.volume());
    if (present != null && present.generation() == exposure.generation()) {
      return present;
    }
    if (present != null) {
      abandon(present);
    }
    Optional<FuseVolume> resumed = resumeOrClear(exposure);
    FuseVolume attached = resumed.isPresent() ? resumed.get() : create(exposure);
    volumes.put(exposure.volume(), attached);
    return attached;
  }

  // ---- taking over

  private Optional<FuseVolume> resumeOrClear(Exposure exposure) throws IOException {
    HeldKey wanted = new HeldKey(exposure.volume(), exposure.generation());
    boolean usable = false;
    for (Held held : keeper.list()) {
      if (held.key().equals(wanted) && isUsable(held)) {
        usable = true;
      } else if (held.key().volume().equals(exposure.volume())) {
        log.info(
            "stale device volume={} generation={}", exposure.volume(), held.key().generation());
        tearDownHeld(held.key());
      }
    }
    if (usable) {
      teardown.clearOthers(wanted);
      return Optional.of(resume(exposure, wanted));
    }
    teardown.clearVolume(exposure.volume());
    return Optional.empty();
  }

  /** A connection whose device was not finished yet has no user: it is made anew. */
  private boolean isUsable(Held held) throws IOException {
    boolean contract = FuseMetadata.decode(held.metadata()).contract() == FuseInit.CONTRACT;
    return contract && LoopDevices.find(fileName(held.key())).isPresent();
  }

  private String fileName(HeldKey key) {
    return options.fileName(key.volume(), key.generation());
  }

  private FuseVolume resume(Exposure exposure, HeldKey key) throws IOException {
    LoopDevices.Loop loop = LoopDevices.find(fileName(key)).orElseThrow();
    List<FuseChannel> channels = keeper.take(key).stream().map(FuseChannel::ofDescriptor).toList();
    // The kernel still believes in the size that it was told; a new one is announced below.
    FuseFile file = new FuseFile(fileName(key), LoopDevices.sizeBytes(loop.index()));
    FuseVolume resumed = assembled(exposure, key, file, channels);
    resumed.boundTo(loop);
    resumed.server().start(true);
    expose(resumed);
    log.info(
        "device taken over volume={} generation={} loop={}",
        key.volume(),
        key.generation(),
        loop.index());
    if (file.sizeBytes() < exposure.sizeBytes()) {
      grow(resumed, exposure.sizeBytes());
    }
    return resumed;
  }

  private FuseVolume assembled(
      Exposure exposure, HeldKey key, FuseFile file, List<FuseChannel> channels) {
    FuseServer server =
        new FuseServer(
            key.volume().value(),
            file,
            channels,
            exposure.device(),
            exposure.loop(),
            options.framesMax());
    return new FuseVolume(key, options.deviceNode(key.volume()), file, channels, server);
  }

  // ---- making a new one

  private FuseVolume create(Exposure exposure) throws IOException {
    HeldKey key = new HeldKey(exposure.volume(), exposure.generation());
    Path mountPoint = options.mountPoint(key.volume(), key.generation());
    Files.createDirectories(mountPoint);
    Files.createDirectories(options.deviceDir());
    FuseFile file = new FuseFile(fileName(key), exposure.sizeBytes());
    List<FuseChannel> channels = openChannels(key, mountPoint);
    FuseVolume created = assembled(exposure, key, file, channels);
    try {
      keeper.hold(
          new Held(key, new FuseMetadata(FuseInit.CONTRACT).encode()),
          channels.stream().map(FuseChannel::descriptor).toList());
      created.server().start(false);
      created.boundTo(LoopDevices.bind(mountPoint.resolve(fileName(key)), exposure.readOnly()));
      expose(created);
    } catch (IOException | RuntimeException failed) {
      abandonAfter(failed, created);
      throw failed;
    }
    log.info(
        "device made volume={} generation={} loop={} sizeBytes={}",
        key.volume(),
        key.generation(),
        created.loop().index(),
        exposure.sizeBytes());
    return created;
  }

  /** The mounted channel first, then its clones. */
  private List<FuseChannel> openChannels(HeldKey key, Path mountPoint) throws IOException {
    List<FuseChannel> channels = new ArrayList<>();
    try {
      FuseChannel mounted = FuseChannel.open();
      channels.add(mounted);
      mounted.mount("ashlar:" + key.volume(), mountPoint, FuseInit.TRANSFER_BYTES_MAX);
      for (int i = 1; i < options.readers(); i++) {
        channels.add(mounted.cloneChannel());
      }
      return channels;
    } catch (IOException failed) {
      channels.forEach(FuseChannel::close);
      teardown.clearVolume(key.volume());
      throw failed;
    }
  }

  private void expose(FuseVolume volume) throws IOException {
    Path node = volume.devicePath();
    DeviceNodes.DeviceNumber number = DeviceNodes.loopNumber(volume.loop().index());
    boolean right = DeviceNodes.isBlock(node) && DeviceNodes.numberOf(node).equals(number);
    if (!right) {
      Files.deleteIfExists(node);
      DeviceNodes.createBlock(node, number);
    }
  }

  // ---- growing

  /**
   * Tells the kernel of a volume's new size, under load. The engine already serves the larger
   * range.
   *
   * @throws IOException if the device does not have the new size, or its end cannot be read
   */
  public void resize(VolumeId volume, long newSizeBytes) throws IOException {
    FuseVolume present = volumes.get(volume);
    if (present != null && newSizeBytes > present.sizeBytes()) {
      grow(present, newSizeBytes);
    }
  }

  private void grow(FuseVolume volume, long newSizeBytes) throws IOException {
    Path file =
        options.mountPoint(volume.volume(), volume.generation()).resolve(fileName(volume.key()));
    volume.file().resize(newSizeBytes);
    new FuseAnswers().invalidateAttributes(volume.channels().getFirst());
    DeviceGrowth.grow(volume.loop().index(), file, newSizeBytes);
    log.info("device grown volume={} sizeBytes={}", volume.volume(), newSizeBytes);
  }

  // ---- taking down

  /**
   * Takes a device down that nobody uses any more. Nothing there is success.
   *
   * @throws IOException if it is still open somewhere; it stays then, and a later call goes on
   */
  public void detach(VolumeId volume) throws IOException {
    FuseVolume present = volumes.get(volume);
    if (present == null) {
      clear(volume);
      return;
    }
    Files.deleteIfExists(present.devicePath());
    teardown.release(present.key());
    finish(present);
    volumes.remove(volume);
    log.info("device taken down volume={} generation={}", volume, present.generation());
  }

  /** Takes down what earlier processes left of a volume that is not attached here. */
  private void clear(VolumeId volume) throws IOException {
    for (Held held : keeper.list()) {
      if (held.key().volume().equals(volume)) {
        tearDownHeld(held.key());
      }
    }
    teardown.clearVolume(volume);
    Files.deleteIfExists(options.deviceNode(volume));
  }

  /** Takes a device down while somebody may still use it: they get errors. */
  public void abandon(VolumeId volume) throws IOException {
    FuseVolume present = volumes.get(volume);
    if (present != null) {
      abandon(present);
    }
  }

  private void abandon(FuseVolume volume) throws IOException {
    volumes.remove(volume.volume());
    Files.deleteIfExists(volume.devicePath());
    teardown.abort(volume.key());
    finish(volume);
  }

  private void abandonAfter(Exception failed, FuseVolume created) {
    try {
      abandon(created);
    } catch (IOException | RuntimeException alsoFailed) {
      failed.addSuppressed(alsoFailed);
    }
  }

  /** The file system is unmounted: the readers end by themselves. */
  private void finish(FuseVolume volume) throws IOException {
    try {
      if (!volume.server().join(READERS_END_MILLIS)) {
        log.warn("fuse readers still run volume={}", volume.volume());
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a device was taken down", interrupted);
    } finally {
      keeper.drop(volume.key());
      volume.channels().forEach(FuseChannel::close);
    }
  }

  /** Dropping the last descriptors aborts the connection: waiting requests get errors. */
  private void tearDownHeld(HeldKey key) throws IOException {
    keeper.drop(key);
    teardown.abort(key);
  }
}
