package io.ashlar.node.csi;

import io.ashlar.control.v1.FormatState;
import io.ashlar.control.v1.VolumeView;
import io.ashlar.model.VolumeId;
import io.ashlar.node.attach.AttachedVolume;
import io.ashlar.node.attach.VolumeAttacher;
import io.ashlar.node.mount.ChildProcess;
import io.ashlar.sys.DeviceNodes;
import io.grpc.Status;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Volumes that are plain loop devices on files, with a record in memory. */
public final class LoopFileAttacher implements VolumeAttacher {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  public final Map<String, VolumeView> records = new ConcurrentHashMap<>();
  private final Map<String, AttachedVolume> attached = new ConcurrentHashMap<>();
  private final Path folder;
  boolean unmapped = true;

  public LoopFileAttacher(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  public Path deviceDir() {
    return folder.resolve("dev");
  }

  public void create(String id, long sizeBytes) throws IOException {
    records.put(id, VolumeView.newBuilder().setVolumeId(id).setSizeBytes(sizeBytes).build());
    setLength(id, sizeBytes);
  }

  void expand(String id, long sizeBytes) throws IOException {
    records.computeIfPresent(id, (any, view) -> view.toBuilder().setSizeBytes(sizeBytes).build());
    setLength(id, sizeBytes);
  }

  private void setLength(String id, long sizeBytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(file(id).toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
  }

  Path file(String id) {
    return folder.resolve(id + ".img");
  }

  void publish(String id, boolean readOnly) {
    records.computeIfPresent(id, (any, view) -> view.toBuilder().setReadOnly(readOnly).build());
  }

  void format(String id, FormatState state) {
    records.computeIfPresent(id, (any, view) -> view.toBuilder().setFormat(state).build());
  }

  @Override
  public VolumeView view(VolumeId volume) {
    VolumeView view = records.get(volume.value());
    if (view == null) {
      throw Status.NOT_FOUND.withDescription("no volume " + volume).asRuntimeException();
    }
    return view;
  }

  @Override
  public AttachedVolume attach(VolumeId volume) throws IOException {
    AttachedVolume present = attached.get(volume.value());
    if (present != null) {
      return present;
    }
    String file = file(volume.value()).toString();
    List<String> command =
        view(volume).getReadOnly()
            ? List.of("losetup", "--read-only", "-f", "--show", file)
            : List.of("losetup", "-f", "--show", file);
    String loop = ChildProcess.require(LIMIT, command).output().strip();
    Path node = Files.createDirectories(deviceDir()).resolve(volume.value());
    Files.deleteIfExists(node);
    DeviceNodes.createBlock(node, DeviceNodes.numberOf(Path.of(loop)));
    AttachedVolume made = new AttachedVolume(node, view(volume).getSizeBytes(), 1);
    attached.put(volume.value(), made);
    return made;
  }

  @Override
  public Optional<AttachedVolume> find(VolumeId volume) {
    return Optional.ofNullable(attached.get(volume.value()));
  }

  @Override
  public void detach(VolumeId volume) throws IOException {
    AttachedVolume gone = attached.remove(volume.value());
    if (gone != null) {
      ChildProcess.require(LIMIT, List.of("losetup", "-d", gone.devicePath().toString()));
      Files.deleteIfExists(gone.devicePath());
    }
  }

  /** Has a volume attached already, by somebody else. */
  public void present(String id, AttachedVolume volume) {
    attached.put(id, volume);
  }

  void detachAll() throws IOException {
    for (String id : List.copyOf(attached.keySet())) {
      detach(new VolumeId(id));
    }
  }

  @Override
  public AttachedVolume resize(VolumeId volume) throws IOException {
    AttachedVolume old = attached.get(volume.value());
    ChildProcess.require(LIMIT, List.of("losetup", "-c", old.devicePath().toString()));
    AttachedVolume grown =
        new AttachedVolume(old.devicePath(), view(volume).getSizeBytes(), old.generation());
    attached.put(volume.value(), grown);
    return grown;
  }

  @Override
  public boolean isUnmapped(VolumeId volume) {
    return unmapped;
  }

  @Override
  public void recordFormat(VolumeId volume, String fsType, FormatState state, long generation) {
    records.computeIfPresent(
        volume.value(), (any, view) -> view.toBuilder().setFormat(state).setFsType(fsType).build());
  }
}
