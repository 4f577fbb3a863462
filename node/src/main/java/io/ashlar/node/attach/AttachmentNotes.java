package io.ashlar.node.attach;

import io.ashlar.model.VolumeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which volumes are attached here, as empty files of that name. Only a hint for a restarted daemon:
 * the record decides, so nothing is lost if a note is, and nothing is wrong if one is left.
 */
public final class AttachmentNotes {
  private final Path folder;

  public AttachmentNotes(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  void add(VolumeId volume) throws IOException {
    Path file = folder.resolve(volume.value());
    if (!Files.exists(file)) {
      Files.createFile(file);
    }
  }

  void remove(VolumeId volume) throws IOException {
    Files.deleteIfExists(folder.resolve(volume.value()));
  }

  List<VolumeId> all() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> new VolumeId(file.getFileName().toString())).sorted().toList();
    }
  }
}
