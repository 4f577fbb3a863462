package io.ashlar.node.disk;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A block device.
 *
 * @param path such as {@code /dev/sdb}, which may be another disk's after the next boot
 * @param links such as {@code /dev/disk/by-id/...}, which stay the same
 * @param holders names of devices that the kernel has made of this one, such as {@code dm-0}
 */
record Device(Path path, List<Path> links, List<String> holders) {
  Device {
    links = List.copyOf(links);
    holders = List.copyOf(holders);
  }

  /** Whether one of its names matches from the first to the last character. */
  boolean matches(Pattern filter) {
    return filter.matcher(path.toString()).matches()
        || links.stream().anyMatch(link -> filter.matcher(link.toString()).matches());
  }
}
