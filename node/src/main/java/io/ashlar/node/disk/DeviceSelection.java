package io.ashlar.node.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Picks the one device that a filter means. A device that is this node's already is it, whatever
 * blank ones there are besides: the node's data is there. Otherwise it is the one blank device; of
 * several none is taken, since nobody could tell later which one was meant.
 */
public final class DeviceSelection {
  /** Looks at a device without changing it. */
  @FunctionalInterface
  public interface Look {
    /**
     * @return whether it is this node's already, and not blank
     * @throws IOException saying why it cannot be used
     */
    boolean isOurs(Path device) throws IOException;
  }

  private final Pattern filter;
  private final List<Path> ours = new ArrayList<>();
  private final List<Path> blank = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();
  private final List<Path> others = new ArrayList<>();

  private DeviceSelection(Pattern filter) {
    this.filter = filter;
  }

  /**
   * The device among all of this machine. Blocking.
   *
   * @param filter has to match the whole of a path in /dev, or of a link in /dev/disk/by-*
   * @throws NoDeviceException if there is not exactly one; it says what was looked at
   * @throws IOException if the devices cannot be listed
   */
  public static Path select(Pattern filter, Look look) throws IOException {
    return select(filter, new Devices().list(), look);
  }

  static Path select(Pattern filter, List<Device> devices, Look look) throws NoDeviceException {
    DeviceSelection selection = new DeviceSelection(filter);
    devices.forEach(device -> selection.consider(device, look));
    return selection.theOne();
  }

  private void consider(Device device, Look look) {
    Path path = device.path();
    if (!device.matches(filter)) {
      others.add(path);
      return;
    }
    try {
      (look.isOurs(path) ? ours : blank).add(path);
    } catch (IOException unusable) {
      refused.add(path + ": " + unusable.getMessage());
    }
  }

  private Path theOne() throws NoDeviceException {
    if (ours.size() == 1) {
      return ours.getFirst();
    }
    if (ours.isEmpty() && blank.size() == 1) {
      return blank.getFirst();
    }
    if (ours.isEmpty() && blank.isEmpty()) {
      throw new NoDeviceException(nothing());
    }
    throw new NoDeviceException(
        ("--device-filter %s matches several devices that could be used: %s. A node has one disk:"
                + " give a filter that matches one of them, such as its link in /dev/disk/by-id")
            .formatted(filter, listed(ours.isEmpty() ? blank : ours)));
  }

  private String nothing() {
    return refused.isEmpty()
        ? "--device-filter %s matches no block device; there are: %s"
            .formatted(filter, listed(others))
        : "--device-filter %s matches no device that can be used; nothing was changed. Refused: %s"
            .formatted(filter, String.join("; ", refused));
  }

  private static String listed(List<Path> paths) {
    return paths.stream().map(Path::toString).collect(Collectors.joining(", "));
  }
}
