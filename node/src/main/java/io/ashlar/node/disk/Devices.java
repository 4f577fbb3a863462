package io.ashlar.node.disk;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The machine's block devices, partitions among them, as the kernel and udev name them. */
final class Devices {
  /** What lies behind a volume's loop device: TAG@VOLUME@GENERATION. */
  private static final Pattern VOLUME_FILE = Pattern.compile("(.*/)?[A-Za-z0-9-]+@vol-[^/]*");

  private final Path sysBlock;
  private final Path dev;

  Devices() {
    this(Path.of("/sys/class/block"), Path.of("/dev"));
  }

  /** Of a copy of these folders. */
  Devices(Path sysBlock, Path dev) {
    this.sysBlock = sysBlock;
    this.dev = dev;
  }

  /** In the order of their paths. Volumes that are attached here are not among them. */
  List<Device> list() throws IOException {
    Map<Path, List<Path>> links = links();
    List<Device> found = new ArrayList<>();
    for (Path entry : entries(sysBlock)) {
      // A slash in a device's name is an exclamation mark in sysfs.
      Path path = dev.resolve(entry.getFileName().toString().replace('!', '/'));
      if (!isVolume(entry)) {
        List<String> holders =
            entries(entry.resolve("holders")).stream()
                .map(holder -> holder.getFileName().toString())
                .toList();
        found.add(new Device(path, links.getOrDefault(path, List.of()), holders));
      }
    }
    return found;
  }

  /** A raw volume reads as blank, and a disk that it is put on would wait for itself. */
  private static boolean isVolume(Path entry) throws IOException {
    try {
      String file = Files.readString(entry.resolve("loop/backing_file")).strip();
      return VOLUME_FILE.matcher(file).matches();
    } catch (NoSuchFileException noLoop) {
      return false;
    }
  }

  private Map<Path, List<Path>> links() throws IOException {
    Map<Path, List<Path>> found = new HashMap<>();
    for (Path kind : entries(dev.resolve("disk"))) {
      for (Path link : entries(kind)) {
        if (Files.isSymbolicLink(link)) {
          Path target = kind.resolve(Files.readSymbolicLink(link)).normalize();
          found.computeIfAbsent(target, none -> new ArrayList<>()).add(link);
        }
      }
    }
    return found;
  }

  /** Sorted; none if there is no such folder. */
  private static List<Path> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(found::add);
    }
    found.sort(null);
    return found;
  }
}
