package io.ashlar.node.mount;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What is mounted in our mount namespace, as it was when it was read. Reading it touches no mounted
 * file system.
 */
public record MountTable(List<MountEntry> entries) {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

  public static MountTable read() throws IOException {
    return parse(Files.readString(MOUNTINFO, StandardCharsets.UTF_8));
  }

  static MountTable parse(String text) {
    return new MountTable(
        text.lines().filter(line -> !line.isBlank()).map(MountEntry::parse).toList());
  }

  /** What one sees at this path: of stacked mounts the last. */
  public Optional<MountEntry> at(Path path) {
    String wanted = normal(path);
    return entries.stream()
        .filter(entry -> entry.mountPoint().equals(wanted))
        .reduce((first, second) -> second);
  }

  public boolean isMounted(Path path) {
    return at(path).isPresent();
  }

  /** The mounts of a file system on this device. */
  public List<MountEntry> ofDevice(String majorMinor) {
    return entries.stream().filter(entry -> entry.device().equals(majorMinor)).toList();
  }

  /** The mounts whose place lies under a folder, innermost first. */
  public List<MountEntry> under(Path folder) {
    String prefix = normal(folder) + "/";
    return entries.reversed().stream()
        .filter(entry -> entry.mountPoint().startsWith(prefix))
        .toList();
  }

  /**
   * The kernel lists real paths. Links in the path are resolved in its parent only: the last part
   * may be a mount that hangs.
   */
  static String normal(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    if (parent == null) {
      return absolute.toString();
    }
    try {
      return parent.toRealPath().resolve(absolute.getFileName()).toString();
    } catch (IOException missing) {
      return absolute.toString();
    }
  }
}
